package dev.pgworkerpool.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.StringReader;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class ChartTest {
    @Test
    void each_series_has_a_bar_as_long_as_its_median() throws Exception {
        var bars = xml(Chart.of(Answers.drain(true))).getElementsByTagName("rect");
        assertThat(bars.getLength()).isEqualTo(5);
        // The highest of all figures, 6000, takes 500.
        assertThat(attribute(Chart.of(Answers.drain(true)), 0, "width")).isEqualTo("416.7");
        assertThat(attribute(Chart.of(Answers.drain(true)), 1, "width")).isEqualTo("291.7");
        assertThat(attribute(Chart.of(Answers.drain(true)), 1, "class")).isEqualTo("ours");
        assertThat(attribute(Chart.of(Answers.drain(true)), 3, "class")).isEqualTo("peer");
    }

    @Test
    void series_of_another_unit_are_left_out() throws Exception {
        var about = new About("x", "X", "X.", 1, List.of());
        var answer = new Answer(about, Map.of(Answers.TIME, List.of(1.0)), List.of());
        assertThat(xml(Chart.of(answer)).getElementsByTagName("rect").getLength())
                .isEqualTo(1);
        assertThat(xml(Chart.of(Answers.slow(1))).getElementsByTagName("rect").getLength())
                .isEqualTo(1);
    }

    @Test
    void it_has_colours_for_a_dark_page_too() {
        assertThat(Chart.of(Answers.drain(false))).contains("prefers-color-scheme: dark");
    }

    private static String attribute(String svg, int bar, String name) throws Exception {
        return xml(svg).getElementsByTagName("rect")
                .item(bar)
                .getAttributes()
                .getNamedItem(name)
                .getNodeValue();
    }

    private static Document xml(String svg) throws Exception {
        return DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(svg)));
    }
}
