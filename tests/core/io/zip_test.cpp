#include "core/io/zip.h"

#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "core/io/file.h"
#include "core/io/zip_writer.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// Where fields stand in a local and a central header (APPNOTE.TXT 4.3.7, 4.3.12).
constexpr const char* kLocal = "PK\3\4";
constexpr const char* kCentral = "PK\1\2";
constexpr const char* kEnd = "PK\5\6";
struct Field {
  size_t local, central;
};
constexpr Field kFlags{6, 8}, kMethod{8, 10}, kCrc{14, 16}, kPacked{18, 20}, kSize{22, 24};
constexpr size_t kAttributes = 38, kOffset = 42;

std::string archive_of(const std::vector<std::pair<std::string, std::string>>& members) {
  ZipWriter writer;
  for (const auto& [name, text] : members) writer.add(name, {text});
  return writer.finish();
}

void put_field(std::string& bytes, size_t at, uint32_t value, size_t length) {
  std::memcpy(bytes.data() + at, &value, length);
}
// Sets a field in the first local and the first central header.
std::string with(std::string bytes, Field field, uint32_t value, size_t length) {
  put_field(bytes, bytes.find(kLocal) + field.local, value, length);
  put_field(bytes, bytes.find(kCentral) + field.central, value, length);
  return bytes;
}
std::string renamed(std::string bytes, const std::string& from, const std::string& to) {
  for (size_t at = 0; (at = bytes.find(from, at)) != std::string::npos; at += to.size())
    bytes.replace(at, from.size(), to);
  return bytes;
}

TEST(Zip, MembersReadBack) {
  const test::TempDir folder;
  const std::string large(3'000'000, 'z');
  write_file_atomically(folder / "f.zip", archive_of({{"b/large", large}, {"a", ""}, {"b/c..d", "text"}}));
  const ZipReader reader(folder / "f.zip");
  EXPECT_EQ(reader.names(), (std::vector<std::string>{"a", "b/c..d", "b/large"}));
  EXPECT_EQ(reader.read("a"), "");
  EXPECT_EQ(reader.read("b/c..d"), "text");
  EXPECT_EQ(reader.read("b/large"), large);
  EXPECT_EQ(reader.size("b/large"), large.size());
  for (const auto& call : {std::function<void()>([&] { reader.read("nothing"); }),
                           std::function<void()>([&] { reader.read("b/large", large.size() - 1); })}) {
    const auto error = test::error_of(call);
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
  }
  const auto missing = test::error_of([&] { ZipReader(folder / "missing.zip"); });
  ASSERT_TRUE(missing);
  EXPECT_EQ(missing->code(), ExitCode::kIo);
}

TEST(Zip, MoreMembersThan16BitsCountReadBack) {
  const test::TempDir folder;
  ZipWriter writer;
  for (int i = 0; i < 70'000; ++i) writer.add(fmt::format("{:05}", i), {"x"});
  write_file_atomically(folder / "many.zip", writer.finish());
  const ZipReader reader(folder / "many.zip");
  EXPECT_EQ(reader.names().size(), 70'000u);
  EXPECT_EQ(reader.read("69999"), "x");
}

TEST(Zip, HostileArchivesAreRefusedWithTheirReason) {
  const std::string good = archive_of({{"name.txt", "some text"}, {"two.txt", "more text"}});
  std::string link = good, far_offset = good, many = good;
  put_field(link, link.find(kCentral) + kAttributes, 0120777u << 16, 4);
  put_field(far_offset, far_offset.find(kCentral) + kOffset, 0xFFFFFFF0, 4);
  put_field(many, many.find(kEnd) + 8, 0xFFF0FFF0, 4);
  const std::string zip64 = with(with(good, kSize, 0xFFFFFFFF, 4), kPacked, 0xFFFFFFFF, 4);
  struct Case {
    const char* what;
    std::string bytes;
    const char* expected;
  };
  const Case cases[] = {
      {"empty", "", "zip: "},
      {"not a zip", std::string(100, 'x'), "zip: Not a zip archive"},
      {"cut off", good.substr(0, good.size() - 30), "zip: "},
      {"parent folder", renamed(good, "name.txt", "../e.txt"), "unsafe name"},
      {"parent folder inside", renamed(good, "name.txt", "a/../txt"), "unsafe name"},
      {"absolute", renamed(good, "name.txt", "/ame.txt"), "unsafe name"},
      {"backslash", renamed(good, "name.txt", "..\\e.txt"), "unsafe name"},
      {"drive", renamed(good, "name.txt", "C:me.txt"), "unsafe name"},
      {"duplicate", renamed(archive_of({{"one.txt", "a"}, {"two.txt", "b"}}), "two", "one"),
       "'one.txt' is there twice"},
      {"symbolic link", link, "symbolic link"},
      {"encrypted", with(good, kFlags, 1, 2), "encrypted"},
      {"bzip2", with(good, kMethod, 12, 2), "neither stored nor deflated"},
      {"unknown method", with(good, kMethod, 200, 2), "neither stored nor deflated"},
      {"bomb", with(with(good, kMethod, 8, 2), kSize, 9 * 1000 + 1000, 4), "more than 1000 times"},
      {"two sizes", with(good, kSize, 10, 4), "two different sizes"},
      {"beyond the file", with(with(good, kSize, 1 << 30, 4), kPacked, 1 << 30, 4), "larger than the file"},
      {"zip64 without sizes", zip64, "zip: "},
      {"CRC", with(good, kCrc, 1, 4), "CRC error"},
      {"not deflated", with(good, kMethod, 8, 2), "member 'name.txt'"},
      {"offset beyond the file", far_offset, "zip: "},
      {"more entries than there are", many, "zip: "},
  };
  const test::TempDir folder;
  for (const auto& bad : cases) {
    std::ofstream(folder / "f.zip", std::ios::binary) << bad.bytes;
    const auto error = test::error_of([&] {
      const ZipReader reader(folder / "f.zip");
      for (const auto& name : reader.names()) reader.read(name);
    });
    ASSERT_TRUE(error) << bad.what;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << bad.what;
    EXPECT_NE(std::string(error->what()).find(bad.expected), std::string::npos) << bad.what << ": " << error->what();
  }
}

TEST(Zip, MembersThatCannotBeReadBlockNoOther) {
  const std::string good = archive_of({{"name.txt", "some text"}, {"two.txt", "more text"}});
  const test::TempDir folder;
  for (const auto& bytes : {with(good, kFlags, 1, 2), with(good, kMethod, 12, 2), with(good, kSize, 10, 4),
                            with(with(good, kMethod, 8, 2), kSize, 9 * 1000 + 1000, 4), with(good, kCrc, 1, 4)}) {
    std::ofstream(folder / "f.zip", std::ios::binary) << bytes;
    const ZipReader reader = ZipReader::with_unreadable(folder / "f.zip");
    EXPECT_EQ(reader.read("two.txt"), "more text");
    const auto error = test::error_of([&] { reader.read("name.txt"); });
    ASSERT_TRUE(error);
    EXPECT_EQ(error->code(), ExitCode::kBadFile);
  }
}

}  // namespace
}  // namespace farfield
