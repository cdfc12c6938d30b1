// Files that are something else than what a reader wanted, named as what they are.
#include "core/io/wrong_file.h"

#include "core/config/config.h"
#include "core/data/source.h"
#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/io/safetensors.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::string bytes(const char* text, size_t size) { return {text, size}; }

// The start of a file, and a word of what it is called.
struct Row {
  std::string content;
  const char* word;
};

std::vector<Row> wrong_files() {
  std::string tar(600, '\0');
  tar.replace(257, 5, "ustar");
  return {
      {"", "empty"},
      {"\xEF\xBB\xBF \n<!DOCTYPE html><html>", "web page"},
      {"<?xml version='1.0'?><Error>AccessDenied</Error>", "web page"},
      {"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 3\n", "git lfs pull"},
      {"Entry not found", "'Entry not found'"},
      {"{\"img_resolution\": 32}", "JSON"},
      {bytes("\x80\x02}q\0(U\x0b"
             "batch_labelq\x01U\x15",
             24),
       "CIFAR"},
      {bytes("\x80\x04\x95\0\0\0\0\0\0\0\0}\x94.", 14), "pickle"},
      {bytes("\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02", 17), "torch.save"},
      {bytes("\x1f\x8b\x08\0\0\0\0\0\0\x03", 10), "gzip"},
      {bytes("\xFD"
             "7zXZ\0\0",
             7),
       "archive"},
      {bytes("BZh91AY", 7), "archive"},
      {tar, "tar archive"},
      {bytes("\x08\x08\x12\x07pytorch\x1a\x03"
             "2.1:",
             17),
       "ONNX"},
      {bytes("\x89HDF\r\n\x1a\n\0\0", 10), "HDF5"},
      {"GGUF\x03", "GGUF"},
      {"PAR1\x15", "Parquet"},
      {bytes("\x89PNG\r\n\x1a\n\0\0", 10), "PNG"},
      {bytes("PK\x03\x04\x14\0\0\0", 8), "cut off"},
  };
}

std::string refusal(const std::function<void()>& read, ExitCode code) {
  const auto error = test::error_of(read);
  if (!error) return "";
  EXPECT_EQ(error->code(), code) << error->what();
  EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos) << error->what();
  return error->what();
}

TEST(WrongFile, IsNamedByEveryReader) {
  const test::TempDir folder;
  for (const Row& row : wrong_files()) {
    for (const char* name : {"d.npy", "d.npz", "d.zip", "d.bin"}) {
      write_file_atomically(folder / name, row.content);
      const std::string message = refusal([&] { open_data((folder / name).string()); }, ExitCode::kBadFile);
      EXPECT_NE(message.find(row.word), std::string::npos) << name << ": " << message;
      EXPECT_TRUE(message.starts_with((folder / name).string() + ": ")) << message;
    }
  }
}

TEST(WrongFile, IsNamedAsConfig) {
  const test::TempDir folder;
  for (const Row& row : wrong_files()) {
    const FileKind kind = content_kind(row.content);
    if (kind == FileKind::kText || kind == FileKind::kJson || kind == FileKind::kEmpty) continue;
    if (std::string(row.word) == "cut off") continue;  // the YAML reader's own words
    write_file_atomically(folder / "c.yaml", row.content);
    const std::string message = refusal([&] { Config::from_file(folder / "c.yaml"); }, ExitCode::kBadFile);
    EXPECT_NE(message.find("a text file was expected"), std::string::npos) << row.word << ": " << message;
  }
}

TEST(WrongFile, OurOwnFormatsUnderOtherNames) {
  const test::TempDir folder;
  write_npy(folder / "a.npz", torch::zeros({2, 2}));
  write_npz(folder / "a.npy", {{"x", torch::zeros({2, 2})}});
  write_npz(folder / "a.zip", {{"x", torch::zeros({2, 2})}});
  write_safetensors(folder / "w.npz", {{{"a", torch::zeros({2})}}, {}});
  const std::pair<const char*, const char*> rows[] = {{"a.npz", "name it NAME.npy"},
                                                      {"a.npy", "name it NAME.npz"},
                                                      {"a.zip", "name it NAME.npz"},
                                                      {"w.npz", "--model"}};
  for (const auto& [name, advice] : rows) {
    const std::string message = refusal([&] { open_data((folder / name).string()); }, ExitCode::kBadFile);
    EXPECT_NE(message.find(advice), std::string::npos) << message;
  }
}

// What a right file lacks is still said in the reader's own words.
TEST(WrongFile, DamagedFilesOfTheRightKindKeepTheirReason) {
  const test::TempDir folder;
  const std::string whole = serialize_npy(torch::zeros({4, 4}));
  write_file_atomically(folder / "d.npy", whole.substr(0, whole.size() - 3));
  EXPECT_NE(refusal([&] { open_data((folder / "d.npy").string()); }, ExitCode::kBadFile).find("promises"),
            std::string::npos);
  EXPECT_FALSE(wrong_content("\x01\x02\x03", FileKind::kNpz, "d"));
  EXPECT_FALSE(wrong_content("{\"a\": 1}", FileKind::kText, "d"));
}

TEST(WrongFile, FoldersOfMnistAndCifar) {
  const test::TempDir folder;
  const std::string html = "<!DOCTYPE html>";
  write_file_atomically(folder / "train-images-idx3-ubyte.gz", html);
  write_file_atomically(folder / "train-labels-idx1-ubyte.gz", html);
  const std::string at = folder.path().string();
  EXPECT_NE(refusal([&] { open_data("mnist:" + at); }, ExitCode::kBadFile).find("web page"), std::string::npos);
  EXPECT_NE(
      refusal([&] { open_data("mnist:" + at + "/train-images-idx3-ubyte.gz"); }, ExitCode::kBadFile).find("is a file"),
      std::string::npos);
  write_file_atomically(folder / "data_batch_1", wrong_files()[6].content);
  EXPECT_NE(refusal([&] { open_data("cifar:" + at); }, ExitCode::kBadFile).find("cifar-10-binary.tar.gz"),
            std::string::npos);
  write_file_atomically(folder / "data_batch_1.bin", html);
  EXPECT_NE(refusal([&] { open_data("cifar:" + at); }, ExitCode::kBadFile).find("web page"), std::string::npos);
  std::filesystem::create_directory(folder / "pictures");
  write_file_atomically(folder / "pictures/a.png", wrong_files()[3].content);
  EXPECT_NE(refusal([&] { open_data(at + "/pictures"); }, ExitCode::kBadFile).find("git lfs pull"), std::string::npos);
}

}  // namespace
}  // namespace farfield
