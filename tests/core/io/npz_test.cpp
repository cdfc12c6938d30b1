#include "core/io/npz.h"

#include <cstdlib>
#include <cstring>
#include <fstream>

#include <fmt/format.h>

#include "core/io/file.h"
#include "core/io/npz_reader.h"
#include "core/io/zip_writer.h"
#include "tests/support/mutants.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

// A version 1.0 file with this header text.
std::string npy(const std::string& header, const std::string& data, char major = 1) {
  std::string bytes = std::string("\x93NUMPY") + major + '\0';
  const size_t length_bytes = major == 1 ? 2 : 4;
  for (size_t i = 0; i < length_bytes; ++i) bytes += static_cast<char>(header.size() >> (8 * i));
  return bytes + header + data;
}

std::string header(const std::string& descr, const std::string& shape, const std::string& fortran = "False") {
  return fmt::format("{{'descr': {}, 'fortran_order': {}, 'shape': {}, }}\n", descr, fortran, shape);
}

std::map<std::string, torch::Tensor> all_kinds() {
  std::map<std::string, torch::Tensor> arrays;
  const auto values = torch::arange(0, 24, torch::kFloat64).reshape({2, 3, 4});
  for (const auto dtype :
       {torch::kBool, torch::kUInt8, torch::kUInt16, torch::kUInt32, torch::kUInt64, torch::kInt8, torch::kInt16,
        torch::kInt32, torch::kInt64, torch::kFloat16, torch::kFloat32, torch::kFloat64}) {
    arrays[std::string("a") + c10::toString(dtype)] = values.to(dtype);
  }
  arrays["scalar"] = torch::tensor(2.5, torch::kFloat64);
  arrays["one"] = torch::arange(5);
  arrays["empty"] = torch::empty({0, 3}, torch::kFloat32);
  arrays["strided"] = values.permute({2, 0, 1});
  return arrays;
}

void expect_same(const std::map<std::string, torch::Tensor>& got,
                 const std::map<std::string, torch::Tensor>& expected) {
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [name, array] : expected) {
    ASSERT_TRUE(got.contains(name)) << name;
    EXPECT_EQ(got.at(name).scalar_type(), array.scalar_type()) << name;
    EXPECT_TRUE(got.at(name).equal(array)) << name;
    EXPECT_TRUE(got.at(name).is_contiguous()) << name;
  }
}

TEST(Npz, EveryDtypeAndShapeReadsBackAndBytesRepeat) {
  const test::TempDir folder;
  const auto arrays = all_kinds();
  write_npz(folder / "a.npz", arrays);
  expect_same(read_npz(folder / "a.npz"), arrays);
  write_npz(folder / "b.npz", arrays);
  EXPECT_EQ(sha256_file(folder / "a.npz"), sha256_file(folder / "b.npz"));
  for (const auto& [name, array] : arrays) {
    write_npy(folder / "a.npy", array);
    EXPECT_TRUE(read_npy(folder / "a.npy").equal(array)) << name;
  }
  write_npz(folder / "none.npz", {});
  EXPECT_TRUE(read_npz(folder / "none.npz").empty());
}

TEST(Npz, HeadersAreNumpys) {
  const std::string bytes = serialize_npy(torch::zeros({2, 3}, torch::kFloat32));
  EXPECT_EQ(bytes.substr(0, 10), std::string("\x93NUMPY\1\0\x76\0", 10));
  EXPECT_EQ(bytes.substr(10, 59), "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
  EXPECT_EQ(bytes.size(), 128 + 24u);
  EXPECT_NE(serialize_npy(torch::zeros({2})).find("'shape': (2,), }"), std::string::npos);
  EXPECT_NE(serialize_npy(torch::zeros({})).find("'shape': (), }"), std::string::npos);
  EXPECT_NE(serialize_npy(torch::zeros({1}, torch::kBool)).find("'descr': '|b1'"), std::string::npos);
}

TEST(Npz, ReadsOrdersVersionsAndSpellings) {
  const auto rows = torch::tensor({{1, 2, 3}, {4, 5, 6}}, torch::kUInt8);
  const std::string columns = "\1\4\2\5\3\6";
  EXPECT_TRUE(parse_npy(npy(header("'|u1'", "(2, 3)", "True"), columns), "f").equal(rows));
  EXPECT_TRUE(parse_npy(npy(header("'|u1'", "(2, 3)", "True"), columns, 2), "f").equal(rows));
  EXPECT_TRUE(parse_npy(npy(header("'|u1'", "(2, 3)", "True"), columns, 3), "f").equal(rows));
  EXPECT_TRUE(parse_npy(npy("{\"shape\":(2,3),'fortran_order':True,'descr':'=u1'}", columns), "f").equal(rows));
  EXPECT_TRUE(parse_npy(npy(header("'>i2'", "(2,)"), std::string("\1\2\0\7", 4)), "f")
                  .equal(torch::tensor({258, 7}, torch::kInt16)));
  EXPECT_TRUE(parse_npy(npy(header("'>f8'", "()"), std::string("\x40\x04\0\0\0\0\0\0", 8)), "f")
                  .equal(torch::tensor(2.5, torch::kFloat64)));
  EXPECT_EQ(parse_npy(npy(header("'<f4'", "(3, 0)", "True"), ""), "f").sizes(), (std::vector<int64_t>{3, 0}));
}

TEST(Npz, EveryHandMadeBadArrayIsRefusedWithItsReason) {
  const std::string good = npy(header("'<f4'", "(2,)"), "12345678");
  ASSERT_EQ(parse_npy(good, "f").numel(), 2);
  struct Case {
    const char* what;
    std::string bytes;
    const char* expected;
  };
  const Case cases[] = {
      {"empty", "", "not a .npy file"},
      {"only the magic", "\x93NUMPY", "cut off"},
      {"other magic", "\x92NUMPY" + good.substr(6), "not a .npy file"},
      {"version 4", npy(header("'<f4'", "(2,)"), "12345678", 4), "version 4.0"},
      {"header cut off", good.substr(0, 30), "cut off inside its header"},
      {"huge header", std::string("\x93NUMPY\2\0\xFF\xFF\xFF\xFF", 12), "more than the limit of 10000"},
      {"data cut off", good.substr(0, good.size() - 1), "promises 8 bytes of data, the file has 7"},
      {"trailing byte", good + "x", "promises 8 bytes of data, the file has 9"},
      {"huge shape", npy(header("'<f4'", "(1000000000000,)"), "1234"), "promises 4000000000000 bytes"},
      {"overflow", npy(header("'<f4'", "(4294967296, 4294967296)"), ""), "overflows"},
      {"overflow by the element", npy(header("'<f8'", "(2305843009213693952,)"), ""), "overflows"},
      {"overflow beside a zero", npy(header("'|u1'", "(0, 9223372036854775807, 9)"), ""), "overflows"},
      {"dimension of 2^63", npy(header("'|u1'", "(9223372036854775808,)"), ""), "something else than whole numbers"},
      {"negative dimension", npy(header("'|u1'", "(-1,)"), ""), "something else than whole numbers"},
      {"fractional dimension", npy(header("'|u1'", "(1.0,)"), "x"), "is missing"},
      {"shape without comma", npy(header("'|u1'", "(1)"), "x"), "not a tuple"},
      {"shape is a list", npy(header("'|u1'", "[1]"), "x"), "'(' is missing"},
      {"shape is open", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1, ", "x"), "whole numbers"},
      {"33 dimensions",
       npy(header("'|u1'", "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1)"), "x"),
       "more than 32 dimensions"},
      {"objects", npy(header("'|O'", "(1,)"), "12345678"), "pickled"},
      {"structure", npy(header("[('x', '<f4')]", "(2,)"), "12345678"), "structured"},
      {"complex", npy(header("'<c8'", "(1,)"), "12345678"), "dtype '<c8' is not one of"},
      {"text", npy(header("'<U2'", "(1,)"), "12345678"), "holds texts, expected numbers"},
      {"text without length", npy(header("'<U'", "(1,)"), ""), "dtype '<U' is not one of"},
      {"text of no characters", npy(header("'|S0'", "(4611686018427387904,)"), ""), "not of texts with 1 to"},
      {"text of 2^63 characters", npy(header("'|S9223372036854775808'", "(1,)"), ""), "not of texts with 1 to"},
      {"text whose bytes overflow", npy(header("'<U9223372036854775807'", "(1,)"), ""), "size of an entry overflows"},
      {"texts whose product overflows", npy(header("'|S4294967296'", "(4294967296,)"), ""), "overflows"},
      {"uint24", npy(header("'<u3'", "(2,)"), "123456"), "dtype '<u3' is not one of"},
      {"no dtype", npy(header("''", "(2,)"), "12345678"), "dtype '' is not one of"},
      {"bad byte order", npy(header("'?f4'", "(2,)"), "12345678"), "dtype '?f4' is not one of"},
      {"order is a number", npy(header("'<f4'", "(2,)", "0"), "12345678"), "neither True nor False"},
      {"key twice", npy("{'descr': '|u1', 'descr': '|u1', 'fortran_order': False, 'shape': (1,)}", "x"), "there twice"},
      {"key missing", npy("{'descr': '|u1', 'shape': (1,)}", "x"), "'fortran_order' is missing"},
      {"unknown key", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), 'x': 1}", "x"), "unknown key 'x'"},
      {"text after it", npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,)} x", "x"), "text after"},
      {"not a dictionary", npy("__import__('os').system('x')", "x"), "'{' is missing"},
      {"open text", npy("{'descr", "x"), "has no end"},
      {"escape", npy("{'d\\x65scr': '|u1', 'fortran_order': False, 'shape': (1,)}", "x"), "backslash"},
      {"bool of 2", npy(header("'|b1'", "(2,)"), "\1\2"), "other than 0 and 1"},
  };
  for (const auto& bad : cases) {
    const auto error = test::error_of([&] { parse_npy(bad.bytes, "f.npy"); });
    ASSERT_TRUE(error) << bad.what;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << bad.what;
    EXPECT_NE(std::string(error->what()).find(bad.expected), std::string::npos) << bad.what << ": " << error->what();
  }
}

TEST(Npz, MutantsAreReadOrRefused) {
  const test::TempDir folder;
  std::vector<std::string> goods;
  for (const auto& [name, array] : all_kinds()) goods.push_back(serialize_npy(array));
  EXPECT_GT(test::expect_read_or_refused(goods, 2000, [](const std::string& bytes) { parse_npy(bytes, "f"); }), 0);

  write_npz(folder / "good.npz", {{"x", torch::arange(6)}, {"y", torch::zeros({2, 2})}});
  const std::string archive = read_file(folder / "good.npz", 1 << 20);
  const int refused = test::expect_read_or_refused({archive}, 2000, [&](const std::string& bytes) {
    std::ofstream(folder / "f.npz", std::ios::binary) << bytes;
    read_npz(folder / "f.npz");
  });
  EXPECT_GT(refused, 1000);
}

TEST(Npz, MembersThatAreNoArraysAndLimitsAreRefused) {
  const test::TempDir folder;
  const auto refused = [&](ZipWriter& zip, uint64_t limit = kArrayBytesLimit) {
    write_file_atomically(folder / "f.npz", zip.finish());
    const auto error = test::error_of([&] { read_npz(folder / "f.npz", limit); });
    return error && error->code() == ExitCode::kBadFile ? std::string(error->what()) : "";
  };
  const std::string array = serialize_npy(torch::arange(4));
  ZipWriter text, nameless, large;
  text.add("readme.txt", {"x"});
  EXPECT_NE(refused(text).find("'readme.txt' is no .npy array"), std::string::npos);
  nameless.add(".npy", {array});
  EXPECT_NE(refused(nameless).find("is no .npy array"), std::string::npos);
  large.add("a.npy", {array});
  large.add("b.npy", {array});
  EXPECT_NE(refused(large, array.size() * 2 - 1).find("more than the limit"), std::string::npos);
}

TEST(Npz, TextsComeAsUtf8InBothOrders) {
  const auto texts = [](const std::string& bytes) { return texts_of(parse_npy_content(bytes, "f"), "f"); };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(texts(npy(header("'|S3'", "(2,)"), std::string("ab\0\xE9z\0", 6))), (Texts{"ab", "\xC3\xA9z"}));
  EXPECT_EQ(texts(npy(header("'<U1'", "(4,)"), std::string("A\0\0\0\xE9\0\0\0\xAC\x20\0\0\x00\xF6\1\0", 16))),
            (Texts{"A", "\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"}));
  EXPECT_EQ(texts(npy(header("'>U1'", "(2,)"), std::string("\0\0\0A\0\0\0B", 8))), (Texts{"A", "B"}));
  EXPECT_EQ(texts(npy(header("'|S1'", "(2, 2)", "True"), "acbd")), (Texts{"a", "b", "c", "d"}));
  EXPECT_EQ(parse_npy_content(npy(header("'|S2'", "(2, 1)", "True"), "abcd"), "f").values.sizes(),
            (std::vector<int64_t>{2, 1, 2}));
  EXPECT_TRUE(texts(npy(header("'|S2'", "(0,)"), "")).empty());
  for (const std::string& code :
       {std::string("\0\xD8\0\0", 4), std::string("\0\0\x11\0", 4), std::string("\xFF\xFF\xFF\xFF", 4)}) {
    const auto error = test::error_of([&] { texts(npy(header("'<U1'", "(1,)"), code)); });
    ASSERT_TRUE(error);
    EXPECT_NE(std::string(error->what()).find("no code point"), std::string::npos) << error->what();
  }
}

TEST(Npz, OneArrayThatCannotBeReadIsInNobodysWay) {
  const test::TempDir folder;
  ZipWriter zip;
  zip.add("x.npy", {serialize_npy(torch::arange(4))});
  zip.add("objects.npy", {npy(header("'|O'", "(1,)"), "12345678")});
  zip.add("broken.npy", {"not an array"});
  zip.add("readme.txt", {"x"});
  write_file_atomically(folder / "f.npz", zip.finish());
  const NpzReader arrays(folder / "f.npz");
  EXPECT_EQ(arrays.names(), (std::vector<std::string>{"broken", "objects", "x"}));
  EXPECT_EQ(arrays.other_members(), std::vector<std::string>{"readme.txt"});
  EXPECT_TRUE(arrays.numbers("x").equal(torch::arange(4)));
  for (const char* name : {"broken", "objects", "y"}) {
    EXPECT_EQ(test::error_of([&] { arrays.read(name); })->code(), ExitCode::kBadFile) << name;
  }
}

TEST(Npz, GoldenArchivesAreRead) {
  const auto golden = test::golden_dir();
  if (!golden) GTEST_SKIP() << "no golden folder: set FARFIELD_GOLDEN";
  int archives = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(*golden)) {
    if (entry.path().extension() != ".npz") continue;
    for (const auto& [name, array] : read_npz(entry.path())) {
      EXPECT_TRUE(array.scalar_type() == torch::kFloat64 || array.scalar_type() == torch::kFloat32) << name;
    }
    ++archives;
  }
  EXPECT_GT(archives, 5);
}

TEST(Npz, NumpyReadsOursAndWeReadNumpys) {
  const auto python = test::python();
  if (!python) GTEST_SKIP() << "no python3 with numpy: run scripts/setup or set PYTHON";
  const test::TempDir folder;
  const auto arrays = all_kinds();
  write_npz(folder / "ours.npz", arrays);
  std::ofstream(folder / "copy.py") << R"(import sys, numpy as np
folder = sys.argv[1]
ours = np.load(folder + '/ours.npz', allow_pickle=False)
arrays = {name: ours[name] for name in ours.files}
assert arrays['scalar'] == 2.5 and arrays['scalar'].shape == () and arrays['empty'].shape == (0, 3)
assert arrays['aHalf'].dtype == np.float16 and arrays['aBool'].dtype == np.bool_ and arrays['one'].dtype == np.int64
assert (arrays['aDouble'].ravel() == np.arange(24)).all()
np.savez(folder + '/plain.npz', **arrays)
np.savez_compressed(folder + '/deflated.npz', **arrays)
np.savez(folder + '/fortran.npz', **{k: np.asarray(v, order='F') for k, v in arrays.items()})
swapped = {k: v.astype(v.dtype.newbyteorder('>')) for k, v in arrays.items()}
np.savez(folder + '/big.npz', **swapped)
)";
  ASSERT_EQ(
      std::system(fmt::format("{} '{}' '{}'", *python, (folder / "copy.py").string(), folder.path().string()).c_str()),
      0);
  for (const char* name : {"plain.npz", "deflated.npz", "fortran.npz", "big.npz"}) {
    SCOPED_TRACE(name);
    expect_same(read_npz(folder / name), arrays);
  }
}

}  // namespace
}  // namespace farfield
