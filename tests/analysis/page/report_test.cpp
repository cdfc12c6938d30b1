#include "analysis/page/report.h"

#include <algorithm>
#include <regex>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analysis/page/charts.h"
#include "analysis/page/format.h"
#include "analysis/page/html.h"
#include "analysis/page/page_assets.h"
#include "models/registry/reference_registry.h"

namespace farfield {
namespace {

LineChart two_panels() {
  const std::vector<SeriesStyle> styles = series_styles({"gaussian", "delta"});
  Series gaussian{"gaussian", styles[0], {0.01, 1, 80}, {0.4, 0.9, 1}, {0.3, 0.8, 1}, {0.5, 0.95, 1}};
  Series delta{"delta", styles[1], {0.01, 1, 80}, {-3, 0.95, 1}, {}, {}};
  Panel upper{{"explained variance", Scale::kLinear, std::pair{0., 1.}}, {gaussian, delta}, {0.99}, 200};
  for (Series* series : {&gaussian, &delta}) {
    for (double& y : series->y) y = 1 - y;
    series->low = series->high = {};
  }
  Panel lower{{"1 − explained variance", Scale::kLog, {}}, {gaussian, delta}, {}, 200};
  return {sigma_axis({0.01, 1, 80}), {upper, lower}};
}

Report example() {
  Report report("farfield compare", "A <b> & \"title\"", "The answer.",
                {{"farfield compare", "--data 'x</script><script>alert(1)</script>'"},
                 {{"model", "net<img src=x onerror=alert(1)>"}},
                 {{"batch", "64"}}});
  report.section("Section");
  Table table;
  table.columns = {"probe", "sigma"};
  table.rows = {{std::string("<data>"), 0.25}, {std::monostate{}, int64_t{3}}};
  report.figure({"Seen", "Measured", {{line_chart(two_panels()), "a chart </script>"}}, {}, "a b<.csv", table});
  report.figure({"Samples", "Seeds 0-3", {}, {{"PNG", "four digits", "network", {"heun, 35 NFE"}}}, "", {}});
  report.table(table, "caption");
  report.file("numbers <1>.csv", "numbers");
  return report;
}

// The page without the scripts it carries: what a parser sees as markup.
std::string markup(std::string html) {
  for (std::string_view script : {chart_script(), page_script()}) {
    if (script.empty()) continue;
    const size_t at = html.find(script);
    EXPECT_NE(at, std::string::npos);
    html.erase(at, script.size());
  }
  return html;
}

TEST(Report, NestsEveryElement) {
  const std::string html = markup(example().html());
  std::vector<std::string> open;
  const std::regex tag("<(/?)([a-z][a-z0-9]*)((?:[^<>\"]|\"[^\"]*\")*)>");
  const std::vector<std::string> empty = {"meta", "img", "link", "br"};
  for (auto at = std::sregex_iterator(html.begin(), html.end(), tag); at != std::sregex_iterator(); ++at) {
    const std::string name = (*at)[2];
    if (std::find(empty.begin(), empty.end(), name) != empty.end()) continue;
    if ((*at)[1].length() == 0) {
      open.push_back(name);
      continue;
    }
    ASSERT_FALSE(open.empty()) << "stray </" << name << ">";
    EXPECT_EQ(open.back(), name);
    open.pop_back();
  }
  EXPECT_TRUE(open.empty());
}

TEST(Report, ReachesNoNetwork) {
  const std::string html = markup(example().html());
  EXPECT_EQ(html.find("http://"), std::string::npos);
  EXPECT_EQ(html.find("https://"), std::string::npos);
  EXPECT_NE(html.find("Content-Security-Policy\" content=\"default-src 'none'"), std::string::npos);
  for (std::string_view text : {page_style(), page_script()}) {
    EXPECT_EQ(text.find("@import"), std::string_view::npos);
    EXPECT_EQ(text.find("fetch("), std::string_view::npos);
    EXPECT_EQ(text.find("</script"), std::string_view::npos);
  }
}

TEST(Report, EscapesWhatTheUserTyped) {
  const std::string html = example().html();
  EXPECT_EQ(html.find("<script>alert(1)"), std::string::npos);
  EXPECT_EQ(html.find("<img src=x"), std::string::npos);
  EXPECT_NE(html.find("<title>A &lt;b&gt; &amp; &quot;title&quot;</title>"), std::string::npos);
  EXPECT_NE(html.find("href=\"./a%20b%3C.csv\""), std::string::npos);
  EXPECT_NE(html.find("<td>&lt;data&gt;</td><td class=\"number\">0.25000</td>"), std::string::npos);
}

TEST(Report, OpensWithTheCommandAndEndsWithSettingsAndFiles) {
  const std::string html = markup(example().html());
  std::vector<size_t> places;
  for (const char* part :
       {"The answer.", "<pre><code>farfield compare --data", "<dt>model</dt>", "<h2>Section</h2>", "<h2>Settings</h2>",
        "<dt>batch</dt>", "<h2>Files</h2>", "./numbers%20%3C1%3E.csv", "./run.json", "</main>"}) {
    places.push_back(html.find(part));
    ASSERT_NE(places.back(), std::string::npos) << part;
  }
  EXPECT_TRUE(std::ranges::is_sorted(places));
  const std::string bare = markup(Report("kind", "title", "answer").html());
  EXPECT_EQ(bare.find("<h2>"), std::string::npos);
}

TEST(Report, NamesEveryPictureInWords) {
  const std::string html = markup(example().html());
  EXPECT_NE(html.find("<img alt=\"four digits\" src=\"data:image/png;base64,UE5H\">"), std::string::npos);
  const std::regex image("<img(?![^>]*alt=)");
  EXPECT_FALSE(std::regex_search(html, image));
}

TEST(Report, ChartScriptCannotEndItsElement) {
  if (chart_script().empty()) GTEST_SKIP() << "this build has no chart script (vl-convert-python was missing)";
  EXPECT_GT(chart_script().size(), 500'000u);
  EXPECT_EQ(chart_script().find("</script"), std::string_view::npos);
  EXPECT_EQ(chart_script().find("<!--"), std::string_view::npos);
}

TEST(Html, EscapesAndEncodes) {
  EXPECT_EQ(escape_html("a<b>&\"'"), "a&lt;b&gt;&amp;&quot;&#39;");
  EXPECT_EQ(escape_html("σ ≤ 1 \xF0\x9F\x98\x80"), "σ ≤ 1 \xF0\x9F\x98\x80");
  EXPECT_EQ(escape_html("\xC0\xAF\x01\n\xEF\xBB\xBF"), "\\xc0\\xaf\\x01\\n&lt;U+FEFF&gt;");
  EXPECT_EQ(base64(""), "");
  EXPECT_EQ(base64("f"), "Zg==");
  EXPECT_EQ(base64("fo"), "Zm8=");
  EXPECT_EQ(base64("foobar"), "Zm9vYmFy");
  EXPECT_EQ(base64(std::string("\xFF\x00\xFE", 3)), "/wD+");
  EXPECT_EQ(nlohmann::json::parse(json_for_script("{\"a\":\"</script>\"}"))["a"], "</script>");
  EXPECT_EQ(json_for_script("[\"<\"]").find('<'), std::string::npos);
}

TEST(Format, KeepsOnlyKnownDigits) {
  EXPECT_EQ(format_digits(3.14159, 2), "3.1");
  EXPECT_EQ(format_digits(0.0019996, 2), "0.0020");
  EXPECT_EQ(format_digits(99.96, 3), "100");
  EXPECT_EQ(format_digits(-0.25, 2), "-0.25");
  EXPECT_EQ(format_digits(1.23e-7, 2), "1.2e-07");
  EXPECT_EQ(format_measured(0.998731, 0.99861, 0.99884), "0.99873");
  EXPECT_EQ(format_measured(0.5, 0.3, 0.7), "0.50");
  EXPECT_EQ(format_measured(-24.31, -29.2, -20.1), "-24.3");
  EXPECT_EQ(format_measured(1, 1, 1), "1.000");
  EXPECT_EQ(format_sigma(0.75), "0.75");
  EXPECT_EQ(format_sigma(80), "80");
  EXPECT_EQ(format_sigma(2), "2");
  EXPECT_EQ(format_seconds(0.42), "0.4 s");
  EXPECT_EQ(format_seconds(200), "3 min 20 s");
  EXPECT_EQ(format_seconds(3900), "1 h 05 min");
  EXPECT_EQ(format_bytes(5'941'000), "5.94 MB");
}

TEST(Charts, HoldEveryDrawablePointOnce) {
  const nlohmann::json spec = nlohmann::json::parse(line_chart(two_panels()));
  ASSERT_EQ(spec["vconcat"].size(), 2u);
  const auto& upper = spec["vconcat"][0]["data"]["values"];
  ASSERT_EQ(upper.size(), 6u);
  EXPECT_EQ(upper[0]["y"], 0.4);
  EXPECT_EQ(upper[0]["lo"], 0.3);
  EXPECT_EQ(upper[0]["ci"], "0.30 to 0.50");
  EXPECT_EQ(upper[3]["y"], -3);
  EXPECT_FALSE(upper[3].contains("lo"));
  // 1 - 1 = 0 has no place on a logarithmic axis: left out, not moved.
  EXPECT_EQ(spec["vconcat"][1]["data"]["values"].size(), 4u);
}

TEST(Charts, DrawNamesAsEscapes) {
  LineChart chart = two_panels();
  chart.panels[0].series[0].label = "caf\xe9\x1b[2J\n";
  const nlohmann::json spec = nlohmann::json::parse(line_chart(chart));
  EXPECT_EQ(spec["vconcat"][0]["data"]["values"][0]["s"], "caf\\xe9\\x1b[2J\\n");
}

TEST(Charts, ShareTheSigmaAxis) {
  const nlohmann::json spec = nlohmann::json::parse(line_chart(two_panels()));
  std::vector<nlohmann::json> scales;
  for (const auto& panel : spec["vconcat"]) {
    for (const auto& layer : panel["layer"]) {
      if (layer["encoding"].contains("x") && layer["encoding"]["x"].contains("scale"))
        scales.push_back(layer["encoding"]["x"]["scale"]);
    }
  }
  ASSERT_GE(scales.size(), 4u);
  for (const auto& scale : scales) EXPECT_EQ(scale, scales.front());
  EXPECT_EQ(scales.front()["domain"], nlohmann::json({0.01, 100.}));
  EXPECT_EQ(scales.front()["type"], "log");
}

TEST(Charts, AxisRoundsOutward) {
  const std::vector<std::tuple<std::vector<double>, double, double>> cases = {
      {{0.01, 80}, 0.01, 100}, {{0.002, 80, 0}, 0.002, 100}, {{0.3, 7}, 0.2, 10}, {{1}, 1, 2}};
  for (const auto& [sigmas, low, high] : cases) {
    const auto range = sigma_axis(sigmas).range.value();
    EXPECT_NEAR(range.first, low, 1e-9 * low);
    EXPECT_NEAR(range.second, high, 1e-9 * high);
  }
}

TEST(Charts, EndLabelsDoNotOverlap) {
  LineChart chart = two_panels();
  Panel& panel = chart.panels[0];
  panel.series = {};
  for (int i = 0; i < 6; ++i) {
    panel.series.push_back(
        {"line " + std::to_string(i), series_style("other", i), {1, 2}, {0.5, 1 - 1e-4 * i}, {}, {}});
  }
  const nlohmann::json spec = nlohmann::json::parse(line_chart(chart));
  std::vector<double> at;
  for (const auto& layer : spec["vconcat"][0]["layer"]) {
    if (layer.contains("name")) at.push_back(layer["data"]["values"][0]["y"].get<double>() * panel.height);
  }
  ASSERT_EQ(at.size(), 6u);
  for (size_t i = 1; i < at.size(); ++i) EXPECT_GE(at[i - 1] - at[i], 13.9);
  EXPECT_LE(at.front(), panel.height + 1e-9);
}

TEST(Charts, NeverTellLinesApartByColourAlone) {
  std::vector<std::string> kinds = {"network", "torchscript", "file", "other file"};
  for (const std::string& name : reference_names()) kinds.insert(kinds.end(), 2, name);
  const std::string style = std::string(page_style()) + reference_colours();
  const std::vector<SeriesStyle> styles = series_styles(kinds);
  EXPECT_EQ(styles[0].colour, styles[1].colour);  // one colour, one meaning
  EXPECT_EQ(styles[4].colour, styles[5].colour);
  for (const ReferenceKind& kind : reference_table()) EXPECT_EQ(series_style(kind.name).mark, kind.look.mark);
  for (size_t i = 0; i < styles.size(); ++i) {
    for (size_t j = i + 1; j < styles.size(); ++j) {
      EXPECT_TRUE(styles[i].colour != styles[j].colour ||
                  (styles[i].dash != styles[j].dash && styles[i].mark != styles[j].mark))
          << kinds[i] << " and " << kinds[j];
    }
    for (const std::string& colour : {styles[i].colour, styles[i].text_colour}) {
      EXPECT_NE(style.find(colour.substr(4, colour.size() - 5) + ":"), std::string::npos) << colour;
    }
  }
}

}  // namespace
}  // namespace farfield
