package dev.pgworkerpool.bench;

import java.util.List;
import java.util.stream.Stream;

/**
 * A question to the operator.
 *
 * @param furtherRemarks besides the one on the cluster itself
 */
record OneNodeTrial(OneNodeCluster cluster, int roundsToWarmUp, List<Contender> contenders, List<String> furtherRemarks)
        implements Trial {

    @Override
    public List<String> remarks() {
        return Stream.concat(Stream.of(OneNodeCluster.REMARK), furtherRemarks.stream())
                .toList();
    }

    @Override
    public void close() throws Exception {
        cluster.close();
    }
}
