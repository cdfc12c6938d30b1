#include "core/data/image_files.h"

#include <algorithm>

#include <sys/stat.h>

#include <zlib.h>

#include "tests/core/data/picture_sets.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using test::Files, test::left_out, test::picture;
using Names = std::vector<std::string>;

class ImageFolders : public test::ZipAndFolder {};
INSTANTIATE_TEST_SUITE_P(ZipAndFolder, ImageFolders, testing::Bool(), test::zip_or_folder);

TEST_P(ImageFolders, NameAndCountWhatTheyDoNotTake) {
  struct Case {
    const char* what;
    Names files;
  };
  const Case cases[] = {{"files of macOS metadata", {"._0.png", "__MACOSX/._0.png", "__MACOSX/a/._1.png", "a/._1.png"}},
                        {"hidden files", {".cache/9.png", ".hidden.png", "a/.b/c/8.png"}},
                        {"thumbnails", {".DS_Store", "@eaDir/0.jpg", "Thumbs.db", "a/THUMBS.DB", "desktop.ini"}},
                        {"images of a format", {"a.gif", "b.HEIC", "c.avif", "d.svg"}},
                        {"other files", {"README", "a/classes.csv", "notes.txt"}}};
  for (const auto& c : cases) {
    Files files = {{"0.png", picture(0)}, {"a/1.PNG", picture(1)}};
    for (const auto& name : c.files) files.emplace_back(name, "x");
    testing::internal::CaptureStderr();
    const auto data = open_data(write(files));
    const std::string said = testing::internal::GetCapturedStderr();
    const auto left = left_out(*data, c.what);
    EXPECT_EQ(data->info().count, 2) << c.what;
    EXPECT_EQ(left.count, std::ssize(c.files)) << c.what;
    EXPECT_EQ(left.first, Names(c.files.begin(), c.files.begin() + 3)) << c.what;
    EXPECT_EQ(data->info().notes.left_out.kinds().size(), 1u) << c.what;
    EXPECT_NE(said.find(to_text(left)), std::string::npos) << said;
    EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  }
}

TEST_P(ImageFolders, WithoutAnImageSayWhatTheyHold) {
  const auto error = test::error_of([&] { open_data(write({{"a.gif", "x"}, {"b.txt", "x"}})); });
  EXPECT_EQ(error->code(), ExitCode::kBadFile);
  for (const char* part : {"'a.gif'", "'b.txt'", "convert"})
    EXPECT_NE(std::string(error->what()).find(part), std::string::npos);
}

TEST_P(ImageFolders, CountTheBadImagesThatTheyLeaveOut) {
  const auto data = open_data(
      write({{"0.png", picture(0)}, {"1.png", ""}, {"2.png", "x"}, {"3.png", picture(3, 5, 5)}}) + ",skip-bad=yes");
  EXPECT_EQ(data->info().count, 1);
  EXPECT_EQ(left_out(*data, "images that cannot").first, (Names{"1.png", "2.png", "3.png"}));
}

TEST_P(ImageFolders, TakeTwoFormatsOfOneNameAndSayWhatMoves) {
  const std::string bytes = "P5 2 2 255\n1234";
  const auto data = open_data(
      write({{"a.pgm", bytes}, {"a.PNM", bytes}, {"b.jpeg", bytes}}));  // by content, not by name
  EXPECT_EQ(data->info().count, 3);
  EXPECT_TRUE(data->info().notes.left_out.kinds().empty());
}

std::string turned_png() {
  std::string png = encode_png(torch::tensor({1, 2, 3, 4, 5, 6}, torch::kUInt8).reshape({2, 3, 1}));
  const std::string body = std::string("eXIfMM\0*\0\0\0\x08\0\1\1\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0", 30);
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(body.data()), static_cast<uInt>(body.size())));
  return png.insert(33, test::big_endian(static_cast<uint32_t>(body.size() - 4)) + body + test::big_endian(crc));
}

TEST_P(ImageFolders, SayOnceThatExifTurnsAndTurnWhenAsked) {
  const auto src = write({{"0.png", turned_png()}, {"1.png", turned_png()}});
  testing::internal::CaptureStderr();
  const auto stored = open_data(src);
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_EQ(std::count(said.begin(), said.end(), '\n'), 1) << said;
  EXPECT_NE(said.find("2 EXIF orientations ('0.png', '1.png')"), std::string::npos) << said;
  EXPECT_EQ(stored->info().shape, (std::vector<int64_t>{1, 2, 3}));
  EXPECT_EQ(left_out(*stored, "EXIF").count, 2);
  const auto upright = open_data(src + ",exif=apply");
  EXPECT_EQ(upright->info().shape, (std::vector<int64_t>{1, 3, 2}));
  EXPECT_EQ(upright->rows(0, 1)[0][0][0][0].item<float>(), 4.0f / 127.5f - 1);
  EXPECT_EQ(upright->info().notes.conversions, Names{"exif=apply: 2 images have an orientation"});
  for (const char* option : {",exif=apply", ",exif=ignore"}) {
    EXPECT_TRUE(open_data(src + option)->info().notes.left_out.kinds().empty()) << option;
  }
  EXPECT_EQ(test::error_of([&] { open_data(src + ",exif=maybe"); })->code(), ExitCode::kUsage);
}

// Folders only: a zip has no links that are followed.
class Links : public testing::Test {
 protected:
  Links() { test::fill_folder(root_, {{"0.png", picture(0)}, {"b/1.png", picture(1)}}); }
  void link(const std::string& target, const std::string& name) { fs::create_symlink(target, root_ / name); }
  void add_outside(const Files& files) { test::fill_folder(dir_ / "outside", files); }
  ImageFiles listed() const { return list_image_folder(root_.string()); }

  test::TempDir dir_;
  fs::path root_ = dir_ / "set";
};

TEST_F(Links, ToFoldersAndFilesAreFollowed) {
  add_outside({{"cat/2.png", picture(2)}, {"cat/deep/3.png", picture(3)}, {"4.png", picture(4)}});
  link("../outside/cat", "cat");
  link("../outside/4.png", "4.png");
  const auto files = listed();
  EXPECT_EQ(files.names, (Names{"0.png", "4.png", "b/1.png", "cat/2.png", "cat/deep/3.png"}));
  EXPECT_TRUE(files.left_out.kinds().empty());
  const auto data = open_data(root_.string());
  EXPECT_EQ(data->info().count, 5);
  EXPECT_EQ(data->rows(3, 1)[0][0][0][0].item<float>(), 2.0f / 127.5f - 1);
}

TEST_F(Links, EndLoopsAndReadEachFolderOnce) {
  add_outside({{"2.png", picture(2)}});
  link(".", "self");
  link("..", "up");
  link("/", "root");
  link("../outside", "x");
  link("../outside", "y");
  link("../b", "b/loop");
  link("../set/b", "again");
  fs::create_symlink("../set", dir_ / "outside" / "back");
  const auto files = listed();
  EXPECT_EQ(files.names, (Names{"0.png", "b/1.png", "x/2.png"}));
  ASSERT_EQ(files.left_out.kinds().size(), 1u);
  EXPECT_EQ(files.left_out.kinds()[0].count, 7);
  EXPECT_EQ(files.left_out.kinds()[0].first, (Names{"again", "b/loop", "root"}));
}

TEST_F(Links, ThatPointNowhereAreNamed) {
  link("nothing.png", "broken.png");
  link("circle", "circle");
  link("nothing", "a");
  const auto files = listed();
  EXPECT_EQ(files.left_out.kinds().at(0).what, "links that point nowhere");
  EXPECT_EQ(files.left_out.kinds().at(0).first, (Names{"a", "broken.png", "circle"}));
}

TEST_F(Links, PipesAreNeverOpenedAndFoldersMayLookLikeFiles) {
  ASSERT_EQ(mkfifo((root_ / "pipe.png").c_str(), 0600), 0);
  fs::create_directory(root_ / "x.png");
  test::write_bytes(root_ / "x.png" / "2.png", picture(2));
  fs::create_directory(root_ / "dataset.json");
  const auto data = open_data(root_.string());
  EXPECT_EQ(data->info().count, 3);
  EXPECT_EQ(left_out(*data, "pipes").first, Names{"pipe.png"});
}

TEST_F(Links, ToTheDataSetItselfAreTaken) {
  fs::create_symlink("set", dir_ / "link");
  EXPECT_EQ(open_data((dir_ / "link").string())->info().count, 2);
}

TEST(ImageZip, NamesMayBeginWithADot) {
  const test::TempDir dir;
  const auto path = (dir / "a.zip").string();
  test::write_bytes(path, test::zip_of({{"./0.png", picture(7)}, {"./dataset.json", R"({"labels": [["0.png", 3]]})"}}));
  const auto data = open_data(path);
  EXPECT_EQ(data->labels()[0].item<int64_t>(), 3);
  test::write_bytes(path, test::zip_of({{"./0.png", picture(7)}, {"0.png", picture(7)}}));
  EXPECT_EQ(test::error_of([&] { open_data(path); })->code(), ExitCode::kBadFile);
}

}  // namespace
}  // namespace farfield
