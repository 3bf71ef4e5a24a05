package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class MachineTest {
    @Test
    void a_machine_is_told_in_one_line() {
        var machine = Machine.of(
                "processor\t: 0\nmodel name\t: AMD EPYC\n\nprocessor\t: 1\nmodel name\t: AMD EPYC\n",
                "MemTotal:       24634312 kB\nMemFree:        17 kB\n",
                2,
                "Linux 6.18");
        assertThat(machine).hasToString("AMD EPYC, 2 cores, 23 GiB, Linux 6.18");
    }

    @Test
    void a_processor_without_a_name_is_an_unknown_one() {
        assertThat(Machine.of("processor\t: 0\n", "", 4, "Linux").processor()).isEqualTo("unknown processor");
    }

    @Test
    void this_machine_can_be_told() throws Exception {
        assertThat(Machine.here().cores()).isPositive();
    }
}
