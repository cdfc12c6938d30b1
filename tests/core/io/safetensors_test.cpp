#include "core/io/safetensors.h"

#include <algorithm>
#include <cstring>
#include <fstream>

#include <ATen/Parallel.h>
#include <fmt/format.h>

#include "core/io/file.h"
#include "tests/support/mutants.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

std::string little_endian(uint64_t value) {
  std::string bytes(8, '\0');
  std::memcpy(bytes.data(), &value, 8);
  return bytes;
}

std::string file_of(const std::string& header, const std::string& data = "") {
  return little_endian(header.size()) + header + data;
}

// A header of one tensor named "a".
std::string entry(const std::string& dtype, const std::string& shape, const std::string& offsets) {
  return fmt::format(R"({{"a":{{"dtype":{},"shape":{},"data_offsets":{}}}}})", dtype, shape, offsets);
}

struct BadFile {
  const char* what;
  std::string bytes;
  const char* expected;  // part of the message
};

std::vector<BadFile> truncations_and_headers() {
  const std::string good = file_of(entry(R"("F32")", "[2]", "[0,8]"), std::string(8, '\1'));
  return {
      {"empty file", "", "too few"},
      {"seven bytes", std::string(7, '\0'), "too few"},
      {"no header", little_endian(0), "does not begin with '{'"},
      {"header beyond the file", little_endian(100) + "{}", "cut off"},
      {"header just beyond the file", little_endian(3) + "{}", "a header of 3 bytes in a file of 10"},
      {"header of 2^64 - 1", little_endian(~uint64_t{0}) + "{}", "more than the limit"},
      {"header of 2^63", little_endian(uint64_t{1} << 63) + "{}", "more than the limit"},
      {"header above 100 MB", little_endian(100'000'001) + "{}", "more than the limit of 100000000"},
      {"data cut off", good.substr(0, good.size() - 1), "beyond the 7 bytes"},
      {"header cut off", good.substr(0, 20), "cut off"},
      {"trailing byte", good + "x", "1 bytes after the last tensor"},
      {"only trailing bytes", file_of("{}", "xyz"), "3 bytes after the last tensor"},
      {"a zip file", "PK\3\4" + std::string(60, '\0'), "no safetensors file"},
      {"a list", file_of("[]"), "does not begin with '{'"},
      {"leading space", file_of(" {}"), "does not begin with '{'"},
      {"byte order mark", file_of("\xEF\xBB\xBF{}"), "does not begin with '{'"},
      {"NUL in the header", file_of(std::string("{\0}", 3)), "not valid JSON"},
      {"open object", file_of("{"), "not valid JSON"},
      {"text after the object", file_of("{} x"), "not valid JSON"},
      {"two objects", file_of("{}{}"), "not valid JSON"},
      {"trailing comma", file_of(R"({"__metadata__":{},})"), "not valid JSON"},
      {"comment", file_of("{/*x*/}"), "not valid JSON"},
      {"bad UTF-8 in a name", file_of("{\"\xFF\":{}}"), "not valid JSON or UTF-8"},
      {"overlong UTF-8", file_of("{\"\xC0\x80\":{}}"), "not valid JSON or UTF-8"},
      {"lone surrogate", file_of(R"({"\ud800":{}})"), "not valid JSON or UTF-8"},
  };
}

std::vector<BadFile> structures() {
  std::string nested = R"({"a":)";
  for (int i = 0; i < 100'000; ++i) nested += "[";
  return {
      {"nesting of lists", file_of(nested), "is a list, not an object"},
      {"nesting of objects", file_of(R"({"a":{"b":{"c":{}}}})"), "unknown key 'b'"},
      {"nested shape", file_of(entry(R"("U8")", "[[1]]", "[0,1]"), "x"), "shape holds a list"},
      {"object as dtype", file_of(entry("{}", "[1]", "[0,1]"), "x"), "object where none belongs"},
      {"tensor is text", file_of(R"({"a":"b"})"), "value of 'a' is text"},
      {"tensor is a number", file_of(R"({"a":1})"), "value of 'a' is a number"},
      {"tensor is null", file_of(R"({"a":null})"), "value of 'a' is null"},
      {"duplicate tensor",
       file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
               R"("a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
               "x"),
       "'a' is there twice"},
      {"duplicate through an escape",
       file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},)"
               R"("\u0061":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})",
               "x"),
       "'a' is there twice"},
      {"duplicate metadata", file_of(R"({"__metadata__":{},"__metadata__":{}})"), "'__metadata__' is there twice"},
      {"duplicate metadata key", file_of(R"({"__metadata__":{"k":"1","k":"2"}})"), "metadata key 'k' is there twice"},
      {"duplicate dtype", file_of(R"({"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}})", "x"),
       "'dtype' is there twice"},
      {"duplicate shape", file_of(R"({"a":{"shape":[1],"shape":[1],"dtype":"I8","data_offsets":[0,1]}})", "x"),
       "'shape' is there twice"},
      {"metadata number", file_of(R"({"__metadata__":{"k":1}})"), "metadata value of 'k' is a number, not text"},
      {"metadata nested", file_of(R"({"__metadata__":{"k":{}}})"), "an object where none belongs"},
      {"metadata list", file_of(R"({"__metadata__":["k"]})"), "is a list, not an object"},
      {"metadata is text", file_of(R"({"__metadata__":"k"})"), "is text, not an object"},
      {"dtype missing", file_of(R"({"a":{"shape":[1],"data_offsets":[0,1]}})", "x"), "dtype is missing"},
      {"shape missing", file_of(R"({"a":{"dtype":"U8","data_offsets":[0,1]}})", "x"), "shape is missing"},
      {"offsets missing", file_of(R"({"a":{"dtype":"U8","shape":[1]}})", "x"), "data_offsets is missing"},
      {"unknown key", file_of(R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"x":1}})", "x"),
       "unknown key 'x'"},
      {"unknown dtype", file_of(entry(R"("F8_E4M3")", "[1]", "[0,1]"), "x"), "dtype 'F8_E4M3' is not one of"},
      {"dtype in lower case", file_of(entry(R"("f32")", "[1]", "[0,4]"), "xxxx"), "dtype 'f32' is not one of"},
      {"dtype is a number", file_of(entry("32", "[1]", "[0,4]"), "xxxx"), "'dtype' is a number"},
      {"shape is a number", file_of(entry(R"("U8")", "1", "[0,1]"), "x"), "'shape' is a number"},
      {"too many dimensions",
       file_of(entry(R"("U8")", "[1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1]", "[0,1]"), "x"),
       "more than 32 dimensions"},
  };
}

std::vector<BadFile> numbers_and_ranges() {
  const auto two = [](const std::string& a, const std::string& b, const std::string& data) {
    return file_of(fmt::format(R"({{"a":{},"b":{}}})", a, b), data);
  };
  const auto bytes = [](int64_t size, int64_t begin, int64_t end) {
    return fmt::format(R"({{"dtype":"U8","shape":[{}],"data_offsets":[{},{}]}})", size, begin, end);
  };
  return {
      {"negative dimension", file_of(entry(R"("U8")", "[-1]", "[0,1]"), "x"), "shape holds the negative number -1"},
      {"two negative dimensions", file_of(entry(R"("U8")", "[-1,-1]", "[0,1]"), "x"), "negative number"},
      {"fractional dimension", file_of(entry(R"("U8")", "[1.0]", "[0,1]"), "x"), "shape holds the number 1.0"},
      {"exponent", file_of(entry(R"("U8")", "[1e0]", "[0,1]"), "x"), "shape holds the number 1e0"},
      {"dimension of 2^63", file_of(entry(R"("U8")", "[9223372036854775808]", "[0,1]"), "x"), "is too large"},
      {"dimension of 2^64", file_of(entry(R"("U8")", "[18446744073709551616]", "[0,1]"), "x"),
       "shape holds the number"},
      {"dimension is true", file_of(entry(R"("U8")", "[true]", "[0,1]"), "x"), "shape holds true or false"},
      {"dimension is text", file_of(entry(R"("U8")", R"(["1"])", "[0,1]"), "x"), "shape holds text"},
      {"product overflows", file_of(entry(R"("U8")", "[4294967296,4294967296]", "[0,0]")), "overflows"},
      {"product times element overflows", file_of(entry(R"("F64")", "[2305843009213693952]", "[0,0]")), "overflows"},
      {"overflow before a zero", file_of(entry(R"("U8")", "[9223372036854775807,4,0]", "[0,0]")), "overflows"},
      {"overflow after a zero", file_of(entry(R"("U8")", "[0,9223372036854775807,4]", "[0,0]")), "overflows"},
      {"negative offset", file_of(entry(R"("U8")", "[1]", "[-1,0]"), "x"), "data_offsets holds the negative number"},
      {"fractional offset", file_of(entry(R"("U8")", "[1]", "[0,1.0]"), "x"), "data_offsets holds the number 1.0"},
      {"one offset", file_of(entry(R"("U8")", "[1]", "[0]"), "x"), "must be two numbers"},
      {"three offsets", file_of(entry(R"("U8")", "[1]", "[0,1,1]"), "x"), "must be two numbers"},
      {"offsets backwards", file_of(entry(R"("U8")", "[1]", "[1,0]"), "x"), "run backwards"},
      {"offsets beyond the file", file_of(entry(R"("U8")", "[1]", "[1,2]"), "x"), "beyond the 1 bytes"},
      {"offsets of 2^64 - 1", file_of(entry(R"("U8")", "[1]", "[18446744073709551614,18446744073709551615]"), "x"),
       "beyond the 1 bytes"},
      {"range longer than the shape", file_of(entry(R"("U8")", "[1]", "[0,2]"), "xx"), "need 1 bytes"},
      {"range shorter than the shape", file_of(entry(R"("F32")", "[2]", "[0,4]"), "xxxx"), "need 8 bytes"},
      {"scalar without data", file_of(entry(R"("F32")", "[]", "[0,0]")), "need 4 bytes"},
      {"overlap", two(bytes(4, 0, 4), bytes(4, 2, 6), "xxxxxx"), "'b': data_offsets [2, 6] overlap"},
      {"same range twice", two(bytes(4, 0, 4), bytes(4, 0, 4), "xxxx"), "overlap"},
      {"hole at the start", two(bytes(1, 1, 2), bytes(1, 2, 3), "xxx"), "1 bytes before its data"},
      {"hole in the middle", two(bytes(1, 0, 1), bytes(1, 3, 4), "xxxx"), "2 bytes before its data"},
      {"empty tensor inside another", two(bytes(4, 0, 4), bytes(0, 2, 2), "xxxx"), "overlap"},
      {"empty tensor beyond the end", two(bytes(4, 0, 4), bytes(0, 9, 9), "xxxx"), "beyond the 4 bytes"},
      {"misaligned", two(bytes(1, 0, 1), R"({"dtype":"F32","shape":[1],"data_offsets":[1,5]})", "xxxxx"),
       "not aligned to 4 bytes"},
      {"bool of 2", file_of(entry(R"("BOOL")", "[2]", "[0,2]"), "\1\2"), "bytes other than 0 and 1"},
  };
}

std::vector<BadFile> bad_files() {
  auto all = truncations_and_headers();
  for (auto part : {structures(), numbers_and_ranges()}) all.insert(all.end(), part.begin(), part.end());
  return all;
}

TEST(Safetensors, EveryHandMadeBadFileIsRefusedWithItsReason) {
  const test::TempDir folder;
  const auto files = bad_files();
  EXPECT_GE(files.size(), 60u);
  for (const auto& bad : files) {
    const auto parsed = test::error_of([&] { parse_safetensors(bad.bytes, "model.safetensors"); });
    ASSERT_TRUE(parsed) << bad.what;
    EXPECT_EQ(parsed->code(), ExitCode::kBadFile) << bad.what;
    const std::string message = parsed->what();
    EXPECT_NE(message.find(bad.expected), std::string::npos) << bad.what << ": " << message;
    EXPECT_EQ(message.rfind("model.safetensors: ", 0), 0u) << message;
    EXPECT_EQ(message.find('\n'), std::string::npos) << message;
    EXPECT_LT(message.size(), 400u) << bad.what;

    std::ofstream(folder / "f", std::ios::binary) << bad.bytes;
    const auto read = test::error_of([&] { read_safetensors(folder / "f"); });
    ASSERT_TRUE(read) << bad.what;
    EXPECT_EQ(read->code(), ExitCode::kBadFile) << bad.what;
    EXPECT_NE(std::string(read->what()).find(bad.expected), std::string::npos) << bad.what << ": " << read->what();
  }
}

// A reader that believed a size from one of these files would ask for far more than the 64 MiB it may have here.
TEST(Safetensors, BadFilesNeverCostMemory) {
  const auto files = bad_files();
  EXPECT_EXIT(
      {
        test::limit_more_memory_to(uint64_t{64} << 20);
        for (const auto& bad : files) {
          try {
            parse_safetensors(bad.bytes, "f");
          } catch (const Error&) {
          } catch (const std::exception& other) {
            fmt::print(stderr, "{}: {}\n", bad.what, other.what());
            std::_Exit(1);
          }
        }
        std::_Exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST(Safetensors, MutantsAreReadOrRefused) {
  TensorFile file;
  file.tensors["weight"] = torch::arange(12, torch::kFloat32).reshape({3, 4});
  file.tensors["bias"] = torch::zeros({4}, torch::kFloat64);
  file.tensors["flags"] = torch::ones({3}, torch::kBool);
  file.metadata["config"] = "{}";
  const auto refused = test::expect_read_or_refused({serialize_safetensors(file)}, 2000,
                                                    [](const std::string& bytes) { parse_safetensors(bytes, "f"); });
  EXPECT_GT(refused, 1000);
}

TEST(Safetensors, EveryDtypeAndShapeReadsBackAndBytesRepeat) {
  TensorFile file;
  const auto values = torch::arange(0, 12, torch::kFloat64).reshape({3, 4});
  for (const auto dtype : {torch::kFloat64, torch::kFloat32, torch::kFloat16, torch::kBFloat16, torch::kInt64,
                           torch::kInt32, torch::kInt16, torch::kInt8, torch::kUInt8, torch::kBool}) {
    file.tensors[std::string("t.") + c10::toString(dtype)] = values.to(dtype);
  }
  file.tensors["scalar"] = torch::tensor(2.5);
  file.tensors["empty"] = torch::empty({0, 3});
  file.tensors["empty too"] = torch::empty({0}, torch::kInt64);
  file.tensors["transposed"] = values.t();
  file.metadata = {{"config", R"({"a": "\u00e9"})"}, {"quote\"\n", "\xC3\xA9"}};
  const std::string bytes = serialize_safetensors(file);
  EXPECT_EQ(bytes, serialize_safetensors(file));
  const TensorFile back = parse_safetensors(bytes, "memory");
  EXPECT_EQ(back.metadata, file.metadata);
  ASSERT_EQ(back.tensors.size(), file.tensors.size());
  for (const auto& [name, tensor] : file.tensors) {
    EXPECT_TRUE(back.tensors.at(name).equal(tensor)) << name;
    EXPECT_EQ(back.tensors.at(name).scalar_type(), tensor.scalar_type()) << name;
    EXPECT_TRUE(back.tensors.at(name).is_contiguous()) << name;
  }
  EXPECT_EQ(serialize_safetensors(back), bytes);
}

TEST(Safetensors, BytesAreThoseOfTheFormat) {
  TensorFile file;
  file.tensors["w"] = torch::tensor({1.0f, 2.0f});
  const std::string header = R"({"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})";
  const std::string padding((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(serialize_safetensors(file), file_of(header + padding, std::string("\0\0\x80\x3F\0\0\0\x40", 8)));
  EXPECT_EQ(serialize_safetensors({}), file_of("{}      "));
  EXPECT_TRUE(parse_safetensors(file_of("{}"), "memory").tensors.empty());
}

TEST(Safetensors, WritingReturnsTheHashOfTheFile) {
  const test::TempDir folder;
  TensorFile file;
  file.tensors["w"] = torch::arange(1000);
  const std::string hash = write_safetensors(folder / "w.safetensors", file);
  EXPECT_EQ(hash, sha256_file(folder / "w.safetensors"));
  EXPECT_TRUE(read_safetensors(folder / "w.safetensors").tensors.at("w").equal(file.tensors.at("w")));
}

TEST(Safetensors, IsReadByAnyNumberOfThreadsAndHashedMeanwhile) {
  const test::TempDir folder;
  TensorFile file;
  for (int64_t i = 0; i < 40; ++i) file.tensors["t" + std::to_string(i)] = torch::arange(i * 10'000);
  const std::string hash = write_safetensors(folder / "a", file);
  const int threads = at::get_num_threads();
  for (const int team : {1, 2, 5}) {
    at::set_num_threads(team);
    const auto read = read_safetensors_hashed(folder / "a");
    EXPECT_EQ(read.sha256, hash);
    for (const auto& [name, tensor] : file.tensors)
      EXPECT_TRUE(torch::equal(read.file.tensors.at(name), tensor)) << name;
  }
  at::set_num_threads(threads);
}

TEST(Safetensors, LimitsAreEnforced) {
  const std::string good = file_of(entry(R"("U8")", "[4]", "[0,4]"), "abcd");
  TensorFileLimits limits;
  limits.file_bytes = good.size() - 1;
  EXPECT_TRUE(test::error_of([&] { parse_safetensors(good, "f", limits); }));
  limits = {};
  limits.header_bytes = 10;
  EXPECT_TRUE(test::error_of([&] { parse_safetensors(good, "f", limits); }));
  EXPECT_EQ(parse_safetensors(good, "f").tensors.at("a").numel(), 4);
}

TEST(Safetensors, GoldenNetworksReadAndWriteAgain) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden folder: set FARFIELD_GOLDEN";
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(*golden / "networks")) {
    if (entry.path().extension() != ".safetensors") continue;
    const TensorFile file = read_safetensors(entry.path());
    EXPECT_FALSE(file.tensors.empty()) << entry.path();
    const TensorFile again = parse_safetensors(serialize_safetensors(file), "memory");
    EXPECT_EQ(again.metadata, file.metadata);
    for (const auto& [name, tensor] : file.tensors) {
      EXPECT_TRUE(again.tensors.at(name).equal(tensor)) << entry.path() << " " << name;
    }
    ++files;
  }
  EXPECT_GT(files, 0);
}

}  // namespace
}  // namespace farfield
