#include "core/data/image_labels.h"

#include <fmt/format.h>

#include "core/data/folder_labels.h"
#include "core/data/name_key.h"
#include "tests/core/data/picture_sets.h"

namespace farfield {
namespace {

using test::Files, test::left_out, test::picture;
using Names = std::vector<std::string>;

ImageLabels read(const std::string& json, const Names& images, const std::string& path = "dataset.json") {
  return read_image_labels("set.zip", {{path, json}}, images);
}

std::vector<int64_t> classes(const ImageLabels& labels) {
  return {labels.labels.const_data_ptr<int64_t>(), labels.labels.const_data_ptr<int64_t>() + labels.labels.numel()};
}

TEST(ImageLabels, AreClassesOneHotRowsOrTexts) {
  struct Case {
    const char* first;
    const char* second;
    std::vector<int64_t> expected;
    int64_t label_dim;
  };
  const Case cases[] = {{"0", "2", {0, 2}, 3},
                        {"0.0", "2.0", {0, 2}, 3},
                        {"[0]", "[2]", {0, 2}, 3},
                        {"[1, 0, 0, 0]", "[0, 1.0, 0, 0]", {0, 1}, 4},
                        {"\"dog\"", "\"cat\"", {1, 0}, 2}};
  for (const auto& c : cases) {
    const auto labels = read(fmt::format(R"({{"labels": [["1.png", {}], ["a\\0.png", {}], ["other.png", {}]]}})",
                                         c.second, c.first, c.first),
                             {"a/0.png", "1.png"});
    EXPECT_EQ(classes(labels), c.expected) << c.first;
    EXPECT_EQ(labels.label_dim, c.label_dim) << c.first;
    EXPECT_EQ(labels.left_out.kinds().at(0).first, Names{"other.png"});
  }
  EXPECT_EQ(read(R"({"labels": [["1.png", "dog"], ["0.png", "cat"]]})", {"0.png", "1.png"}).label_names,
            (Names{"cat", "dog"}));
}

TEST(ImageLabels, AreListedInAnyOfTheUsualForms) {
  for (const char* json : {R"({"labels": [["0.png", 3], ["1.png", 1]]})", R"({"Labels": [["0.png", 3], ["1.png", 1]]})",
                           R"({"info": {}, "LABELS": {"0.png": 3, "1.png": 1}})", R"([["0.png", 3], ["1.png", 1]])",
                           R"({"0.png": 3, "1.png": 1})", R"({"labels": [["./0.png", 3], [".\\1.png", 1]]})",
                           "\xEF\xBB\xBF{\"labels\": [[\"0.png\", 3], [\"1.png\", 1]]}"}) {
    EXPECT_EQ(classes(read(json, {"0.png", "1.png"})), (std::vector<int64_t>{3, 1})) << json;
  }
  for (const char* none : {R"({"labels": null})", R"({"Labels": null})", "{}", R"({"name": "set"})"}) {
    EXPECT_FALSE(read(none, {"1.png"}).labels.defined()) << none;
  }
  EXPECT_TRUE(read(R"({"labels": null})", {"1.png"}).left_out.kinds().empty());
  EXPECT_EQ(read(R"({"name": "set"})", {"1.png"}).left_out.kinds().at(0).first, Names{"dataset.json"});
  EXPECT_EQ(read(R"(["cat", "dog"])", {"1.png"}, "labels.json").left_out.kinds().at(0).first, Names{"labels.json"});
}

TEST(ImageLabels, AreFoundByPathWhereverTheyStart) {
  struct Case {
    const char* file;
    Names images;
    const char* entry;  // of the first image; the second differs in its last folder's name
  };
  const Case cases[] = {{"dataset.json", {"a/0.png", "b/0.png"}, "/0.png"},
                        {"set/dataset.json", {"set/a/0.png", "set/b/0.png"}, "/0.png"},
                        {"set/train/labels.json", {"set/train/a/0.png", "set/train/b/0.png"}, "/0.png"},
                        {"train/Dataset.JSON", {"train/a/0.png", "train/b/0.png"}, "/0.png"}};
  for (const auto& c : cases) {
    for (const char* before : {"", "./", "train/", "/home/me/data/train/", "C:\\\\data\\\\", "set/train/"}) {
      const auto json = fmt::format(R"({{"labels": [["{0}b{1}", 5], ["{0}a{1}", 2]]}})", before, c.entry);
      EXPECT_EQ(classes(read(json, c.images, c.file)), (std::vector<int64_t>{2, 5})) << c.file << " " << json;
    }
  }
  EXPECT_EQ(classes(read(R"({"labels": [["0.png", 1], ["1.png", 2]]})", {"d/e/0.png", "d/e/1.png"})),
            (std::vector<int64_t>{1, 2}));
}

TEST(ImageLabels, OfSeveralFilesAreGathered) {
  const auto labels = read_image_labels(
      "d",
      {{"train/dataset.json", R"({"labels": [["0.png", 1]]})"}, {"val/dataset.json", R"({"labels": [["0.png", 2]]})"}},
      {"train/0.png", "val/0.png"});
  EXPECT_EQ(classes(labels), (std::vector<int64_t>{1, 2}));
  const std::string twice = R"({"labels": [["0.png", 4]]})";
  EXPECT_EQ(classes(read_image_labels("d", {{"dataset.json", twice}, {"labels.json", twice}}, {"0.png"})),
            std::vector<int64_t>{4});
  const auto half = read_image_labels("d", {{"train/dataset.json", R"({"labels": [["0.png", 1], ["1.png", null]]})"}},
                                      {"train/0.png", "train/1.png", "val/0.png"});
  EXPECT_EQ(half.images, Names{"train/0.png"});
  EXPECT_EQ(half.unlabelled, (Names{"train/1.png", "val/0.png"}));
}

TEST(ImageLabels, ThatAreAllNullAreNone) {
  for (const char* text : {R"({"labels": [["0.png", null], ["1.png", null]]})", R"({"labels": []})"}) {
    const auto none = read_image_labels("d", {{"dataset.json", text}}, {"0.png", "1.png"});
    EXPECT_FALSE(none.labels.defined()) << text;
    EXPECT_EQ(none.images, (Names{"0.png", "1.png"})) << text;
    EXPECT_TRUE(none.unlabelled.empty()) << text;
    EXPECT_EQ(none.left_out.kinds().front().first, Names{"dataset.json"}) << text;
  }
}

TEST(ImageLabels, RefuseWhatIsNeither) {
  const char* wrong[] = {"",
                         "[]",
                         "[1]",
                         "{",
                         R"({"labels": 3})",
                         R"({"labels": [3]})",
                         R"({"labels": [["1.png"]]})",
                         R"({"labels": [[1, 2]]})",
                         R"({"labels": [["1.png", -1]]})",
                         R"({"labels": [["1.png", true]]})",
                         R"({"labels": [["1.png", 1e9]]})",
                         R"({"labels": [["1.png", 99999999999]]})",
                         R"({"labels": [["1.png", 0.5]]})",
                         R"({"labels": [["1.png", {"class": 1}]]})",
                         R"({"labels": [["1.png", []]]})",
                         R"({"labels": [["1.png", [0, 0]]]})",
                         R"({"labels": [["1.png", [1, 1]]]})",
                         R"({"labels": [["1.png", [0.5, 0.5]]]})",
                         R"({"labels": [["1.png", [1, "x"]]]})",
                         R"({"labels": [["1.png", 1], ["1.png", 2]]})",
                         R"({"labels": [["1.png", 1], ["./1.png", 0]]})",
                         R"({"labels": [["0.png", 1], ["1.png", "cat"]]})",
                         R"({"labels": [["1.png", "cat"], ["0.png", 1]]})",
                         R"({"labels": [["x.png", 1]]})",
                         "{\"labels\": [[\"\xff\xfe\", 1]]}"};
  for (const char* json : wrong) {
    const auto error = test::error_of([&] { read(json, {"0.png", "1.png"}); });
    ASSERT_TRUE(error) << json;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << json;
    EXPECT_NE(std::string(error->what()).find("set.zip/dataset.json"), std::string::npos) << error->what();
  }
}

TEST(ImageLabels, NestedAMillionTimesAreRefusedNotFollowed) {
  constexpr size_t kDepth = 1'000'000;
  for (const auto& [open, close] : {std::pair("[", "]"), std::pair("{\"a\":", "}")}) {
    std::string label;
    for (size_t i = 0; i < kDepth; ++i) label += open;
    label += "1";
    for (size_t i = 0; i < kDepth; ++i) label += close;
    const auto error = test::error_of([&] { read(R"({"labels": [["1.png", )" + label + "]]}", {"1.png"}); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
    EXPECT_LT(std::string(error->what()).size(), 300u);
  }
}

TEST(FolderLabels, AreSortedNamesOrTheNumbersThemselves) {
  const auto named = labels_of_folders("d", {"s/cat/0.png", "s/cat/deep/1.png", "s/dog/0.png"});
  EXPECT_EQ(classes(named), (std::vector<int64_t>{0, 0, 1}));
  EXPECT_EQ(named.label_names, (Names{"cat", "dog"}));
  const auto numbered = labels_of_folders("d", {"10/0.png", "2/0.png"});
  EXPECT_EQ(classes(numbered), (std::vector<int64_t>{10, 2}));
  EXPECT_EQ(numbered.label_dim, 11);
  EXPECT_TRUE(numbered.label_names.empty());
  EXPECT_EQ(classes(labels_of_folders("d", {"1000000/0.png", "2/0.png"})), (std::vector<int64_t>{0, 1}));
  for (const Names& images : {Names{"0.png"}, Names{"a/0.png", "b.png"}, Names{"a/0.png", "a/1.png"}}) {
    EXPECT_EQ(test::error_of([&] { labels_of_folders("d", images); })->code(), ExitCode::kBadFile);
    EXPECT_TRUE(class_like_folders(images).empty());
  }
  EXPECT_EQ(class_like_folders({"s/cat/0.png", "s/dog/0.png"}), (Names{"cat", "dog"}));
  EXPECT_EQ(class_like_folders({"0/0.png", "1/0.png"}), (Names{"0", "1"}));
  EXPECT_TRUE(class_like_folders({"00000/0.png", "00001/0.png"}).empty());
}

TEST(NameKey, IsOneForAllWaysToWriteAPath) {
  const std::pair<const char*, const char*> same[] = {{"a/b.png", ".\\a\\\\b.png"},
                                                      {"\u00e9t\u00e9.png", "e\u0301te\u0301.png"},
                                                      {"\u1ebf", "e\u0302\u0301"},
                                                      {"\u0439", "\u0438\u0306"},
                                                      {"\u304c\u30d1", "\u304b\u3099\u30cf\u309a"},
                                                      {"\ud55c\uac00", "\u1112\u1161\u11ab\u1100\u1161"}};
  for (const auto& [a, b] : same) EXPECT_EQ(name_key(a), name_key(b)) << a;
  EXPECT_NE(name_key("e.png"), name_key("\u00e9.png"));
  EXPECT_EQ(name_key("\xff\xc3.png\xe3\x81"), "\xff\xc3.png\xe3\x81");  // no UTF-8: as it is
}

class LabelledImages : public test::ZipAndFolder {};
INSTANTIATE_TEST_SUITE_P(ZipAndFolder, LabelledImages, testing::Bool(), test::zip_or_folder);

TEST_P(LabelledImages, MissingOnesAreNamed) {
  const auto src = write(
      {{"0.png", picture(0)},
       {"1.png", picture(1)},
       {"2.png", picture(2)},
       {"3.gif", "GIF89a"},
       {"dataset.json", R"({"labels": [["0.png", 0], ["1.png", 1], ["3.gif", 1], ["4.png", 2], ["5.png", 2]]})"}});
  const auto error = test::error_of([&] { open_data(src); });
  EXPECT_EQ(error->code(), ExitCode::kBadFile);
  for (const char* part : {"1 images without a label", "'2.png'", "skip-bad=yes", "labels=no"}) {
    EXPECT_NE(std::string(error->what()).find(part), std::string::npos) << part << " in " << error->what();
  }
  testing::internal::CaptureStderr();
  const auto data = open_data(src + ",skip-bad=yes");
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(data->info().count, 2);
  EXPECT_EQ(data->info().label_dim, 2);
  EXPECT_EQ(left_out(*data, "labels of images").first, (Names{"3.gif", "4.png", "5.png"}));
  EXPECT_EQ(left_out(*data, "images without").first, Names{"2.png"});
  EXPECT_EQ(left_out(*data, "images of a format").first, Names{"3.gif"});
  EXPECT_NE(said.find("3 labels of images that are not here ('3.gif', '4.png', '5.png')"), std::string::npos) << said;
  EXPECT_EQ(open_data(src + ",labels=no")->info().count, 3);
}

TEST_P(LabelledImages, MayBeSortedByFolderWhichIsSaid) {
  const auto src = write({{"cat/0.png", picture(0)}, {"dog/0.png", picture(1)}});
  testing::internal::CaptureStderr();
  EXPECT_EQ(left_out(*open_data(src), "names of folders").first, (Names{"cat", "dog"}));
  EXPECT_NE(testing::internal::GetCapturedStderr().find("folder-labels=yes"), std::string::npos);
  for (const char* option : {",folder-labels=no", ",labels=no"}) {
    EXPECT_TRUE(open_data(src + option)->info().notes.left_out.kinds().empty()) << option;
  }
  const auto data = open_data(src + ",folder-labels=yes");
  EXPECT_TRUE(torch::equal(data->labels(), torch::tensor({0, 1}, torch::kInt64)));
  EXPECT_EQ(data->info().notes.label_names, (Names{"cat", "dog"}));
}

TEST_P(LabelledImages, AreReadFromAnAlternativelyPackedSet) {
  const std::string labels = R"({"labels": [["0.png", 3], ["1.png", 4]]})";
  for (const std::string folder : {"", "set/", "a/b/"}) {
    const auto data = open_data(
        write({{folder + "0.png", picture(0)}, {folder + "1.png", picture(1)}, {folder + "Dataset.json", labels}}));
    EXPECT_TRUE(torch::equal(data->labels(), torch::tensor({3, 4}, torch::kInt64))) << folder;
    EXPECT_TRUE(data->info().notes.left_out.kinds().empty());
  }
}

}  // namespace
}  // namespace farfield
