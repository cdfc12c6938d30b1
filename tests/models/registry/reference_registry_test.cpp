#include "models/registry/reference_registry.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <set>

#include "core/data/source.h"
#include "core/text.h"
#include "models/registry/model_registry.h"
#include "tests/support/normals.h"
#include "tests/support/reference_calls.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// 60 images [1,2,3] of two classes.
std::shared_ptr<const DataSource> two_classes() {
  auto labels = torch::zeros({60}, torch::kInt64);
  labels.narrow(0, 40, 20).fill_(1);
  return std::make_shared<DataSource>("points", test::normals({60, 1, 2, 3}, 1).to(torch::kFloat32), labels, 2);
}

using Given = std::map<std::string, std::string>;

// Every call of a kind that its row promises: without options where it needs none, and each word of each option.
std::vector<Given> calls_of(const ReferenceKind& kind) {
  const Given base = test::needed_options(kind.name, {1, 2, 3});
  std::vector<Given> calls = {base};
  for (const std::string& option : kind.options) {
    const size_t equals = option.find('=');
    for (const std::string& word : split(option.substr(equals + 1), '|')) {
      if (word == "direction") continue;  // for data on a line or of two numbers: smoothing_denoisers_test.cpp
      Given given = kind.name == "mixture" && option.starts_with("per=") ? Given{} : base;
      given[option.substr(0, equals)] = word;
      calls.push_back(given);
    }
  }
  return calls;
}

TEST(ReferenceTable, RowsAreWholeAndDifferent) {
  std::set<std::string> names, marks, colours;
  const std::regex hex("#[0-9a-f]{6}");
  for (const ReferenceKind& kind : reference_table()) {
    EXPECT_TRUE(names.insert(kind.name).second) << kind.name;
    EXPECT_TRUE(marks.insert(kind.look.mark).second) << kind.name << ": its mark is another's";
    EXPECT_TRUE(colours.insert(kind.look.light).second) << kind.name << ": its colour is another's";
    EXPECT_FALSE(kind.summary.empty()) << kind.name;
    for (const auto& colour : {kind.look.light, kind.look.light_text, kind.look.dark, kind.look.dark_text}) {
      EXPECT_TRUE(std::regex_match(colour, hex)) << kind.name << ": " << colour;
    }
    EXPECT_EQ(find_reference(kind.name), &kind);
    EXPECT_NE(reference_help().find("  " + kind.name + " "), std::string::npos);
    EXPECT_NE(model_help().find(kind.name + ":SRC"), std::string::npos);
  }
  EXPECT_EQ(find_reference("gausian"), nullptr);
}

TEST(ReferenceTable, DocsNameEveryKindAndOption) {
  std::ifstream file(FARFIELD_SOURCE_DIR "/docs/formats.md");
  const std::string page((std::istreambuf_iterator<char>(file)), {});
  const size_t models = page.find("## Models (`MODEL`)");
  ASSERT_NE(models, std::string::npos);
  for (const ReferenceKind& kind : reference_table()) {
    const size_t row = page.find("\n| `" + kind.name + "` |", models);
    ASSERT_NE(row, std::string::npos) << kind.name;
    const std::string words = page.substr(row + 1, page.find('\n', row + 1) - row);
    for (const auto& key : option_keys(kind))
      EXPECT_NE(words.find("`" + key + "="), std::string::npos) << kind.name << " " << key;
  }
}

// Else `mixture:SRC,key=...` could be read in two ways.
TEST(ReferenceTable, OptionsAreNoneOfADataSource) {
  const auto& of_data = data_source_option_keys();
  EXPECT_GT(of_data.size(), 10u);
  for (const std::string& key : reference_option_keys()) {
    EXPECT_EQ(std::ranges::count(of_data, key), 0) << key;
  }
}

// The row says what the factory reads, and nothing else; the denoiser is of the row's kind.
TEST(ReferenceTable, FactoriesReadTheOptionsOfTheirRow) {
  const auto data = two_classes();
  for (const ReferenceKind& kind : reference_table()) {
    std::set<std::string> read;
    for (const Given& given : calls_of(kind)) {
      const ReferenceOptions options(kind.name, given);
      const auto denoiser = kind.fit({*data, options});
      EXPECT_EQ(denoiser->info().kind, kind.name);
      EXPECT_TRUE(denoiser->info().name.starts_with(kind.name)) << denoiser->info().name;
      EXPECT_EQ(denoiser->info().sample_shape, (std::vector<int64_t>{1, 2, 3}));
      EXPECT_TRUE((*denoiser)(torch::zeros({2, 1, 2, 3}), 1.0).isfinite().all().item<bool>());
      for (const auto& word : split(options.resolved(), ',')) read.insert(word.substr(0, word.find('=')));
    }
    read.erase(kind.name);
    const auto keys = option_keys(kind);
    EXPECT_EQ(read, std::set<std::string>(keys.begin(), keys.end())) << kind.name;
  }
}

TEST(OpenModel, FitsAKindToSrcOrToTheData) {
  const auto data = two_classes();
  const std::pair<const char*, const char*> cases[] = {
      {"isotropic", "isotropic"},
      {"gaussian", "gaussian"},
      {"gaussian,rank=2", "gaussian (rank 2)"},
      {"mixture,components=3", "mixture (3)"},
      {"mixture,per=class,rank=2", "mixture (2, rank 2)"},
      {"delta", "delta"},
      {"gaussian:moons,rank=1,count=50", "gaussian (rank 1)"},
      {"gaussian:2", "gaussian (rank 2)"},
      {"mixture:3:4", "mixture (3, rank 4)"},
      {"mixture:classes:2", "mixture (2, rank 2)"},
      {"mixture:glyphs,size=8,count=50,components=classes", "mixture (10, rank 4)"}};
  for (const auto& [text, name] : cases) EXPECT_EQ(open_model(text, {.data = data})->info().name, name) << text;
}

TEST(OpenModel, OptionsReachTheFit) {
  const auto data = two_classes();
  const auto value = [&](const std::string& text, uint64_t seed = 0) {
    return (*open_model(text, {.data = data, .seed = seed}))(test::normals({3, 1, 2, 3}, 5), 0.7);
  };
  const auto plain = value("mixture,components=4,rank=1");
  for (const char* option : {"ridge=0.1", "tail=mean", "kmeans_seed=7"}) {
    EXPECT_FALSE(value("mixture,components=4,rank=1," + std::string(option)).equal(plain)) << option;
  }
  EXPECT_FALSE(value("mixture,components=4,rank=1,max_iterations=1").equal(plain));
  EXPECT_TRUE(value("mixture,components=4,rank=1", 7).equal(value("mixture,components=4,rank=1,kmeans_seed=7")));
}

TEST(OpenModel, RefusesWithTheWayOut) {
  const auto data = two_classes();
  const std::pair<const char*, const char*> cases[] = {
      {"gausian", "did you mean 'gaussian'?"},
      {"gausian:moons", "did you mean 'gaussian'?"},
      {"mixture", "give either components=K"},
      {"mixture,components=3,per=class", "give either components=K"},
      {"mixture,components=0", "expected a whole number from 1"},
      {"mixture,components=61", "61 clusters for 60"},
      {"mixture,components=x", "not a whole number"},
      {"mixture,per=klass", "did you mean 'class'?"},
      {"gaussian,rank=0", "expected a whole number from 1"},
      {"gaussian,rank=7", "6 dimensions"},
      {"gaussian,rnk=2", "did you mean 'rank'?"},
      {"gaussian:moons,rnk=2", "did you mean 'rank'?"},
      {"mean,rank=2", "mean takes no options"},
      {"delta:moons,rank=2", "unknown option 'rank'"},
      {"gaussian,first=2", "write gaussian:SRC,first="},
      {"gaussian:", "names no data"},
      {"gaussian,rank=2,rank=3", "given twice"},
      {"gaussian,rank", "write rank=VALUE"},
      {"mixture:3,rank=2", "two spellings mixed; mixture:3 alone is now written mixture,components=3"},
      {"mixture:3:2:1", "./1"},
      {"gaussian:0", "expected a whole number from 1"},
      {"delta:3", "./3"},
      {"mixture:moons,components=classes,per=class", "given twice"},
  };
  for (const auto& [text, words] : cases) {
    const auto error = test::error_of([&] { open_model(text, {.data = data}); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << text;
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << text << ": " << error->what();
  }
  for (const std::string& name : reference_names()) {
    const auto error = test::error_of([&] { open_model(name); });
    ASSERT_TRUE(error) << name;
    EXPECT_EQ(error->code(), ExitCode::kUsage);
    EXPECT_NE(std::string(error->what()).find(name + ":SRC"), std::string::npos) << error->what();
  }
}

}  // namespace
}  // namespace farfield
