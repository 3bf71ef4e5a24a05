package dev.pgworkerpool.bench;

import java.util.List;

/** One of those that are compared. */
@FunctionalInterface
interface Contender {

    /** Does its work of one round, and tells what it measured: mostly one figure. */
    List<Figure> round() throws Exception;

    /** One that measures one thing. */
    static Contender of(Series series, Measurement measurement) {
        return () -> List.of(new Figure(series, measurement.take()));
    }

    interface Measurement {
        double take() throws Exception;
    }
}
