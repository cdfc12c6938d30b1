#include <limits>

#include <gtest/gtest.h>

#include "core/io/npz.h"
#include "core/io/zip_writer.h"
#include "tests/core/data/data_files.h"

namespace farfield {
namespace {

using Classes = std::vector<int64_t>;
using Names = std::vector<std::string>;

// Writes three images and `labels` (a whole .npy) to a file and returns its SRC.
std::string with_labels(const test::TempDir& dir, const std::string& labels) {
  ZipWriter zip;
  zip.add("images.npy", {serialize_npy(torch::zeros({3, 2, 2}, torch::kUInt8))});
  zip.add("labels.npy", {labels});
  zip.add("notes.npy", {test::npy_bytes("|O", "(1,)", "12345678")});  // unreadable, and in nobody's way
  test::write_bytes(dir / "a.npz", zip.finish());
  return (dir / "a.npz").string();
}

TEST(ArrayLabels, EveryFormThatPeopleKeepClassesInIsTaken) {
  const test::TempDir dir;
  struct Form {
    std::string what, npy;
    int64_t label_dim = 3;
    Names names{};
    Classes classes{2, 0, 1};
  };
  std::vector<Form> forms;
  const auto list = torch::tensor({2, 0, 1}, torch::kInt64), rows = torch::one_hot(list, 4);
  for (const auto dtype : {torch::kUInt8, torch::kUInt16, torch::kUInt32, torch::kUInt64, torch::kInt8, torch::kInt16,
                           torch::kInt32, torch::kInt64, torch::kFloat16, torch::kFloat32, torch::kFloat64}) {
    const std::string name = c10::toString(dtype);
    forms.push_back({name + " [N]", serialize_npy(list.to(dtype))});
    forms.push_back({name + " [N,1]", serialize_npy(list.to(dtype).reshape({3, 1}))});
    forms.push_back({name + " one-hot", serialize_npy(rows.to(dtype)), 4});
  }
  forms.push_back({"bool one-hot", serialize_npy(rows.to(torch::kBool)), 4});
  forms.push_back({"bool [N]", serialize_npy(torch::tensor({1, 0, 1}).to(torch::kBool)), 2, {}, {1, 0, 1}});
  forms.push_back({"big-endian uint16", test::npy_bytes(">u2", "(3,)", std::string("\0\2\0\0\0\1", 6))});
  forms.push_back({"the highest class", serialize_npy(torch::tensor({2, 0, 999'999})), 1'000'000, {}, {2, 0, 999'999}});
  forms.push_back({"bytes", test::npy_bytes("|S3", "(3,)", "owlcatdog"), 3, {"cat", "dog", "owl"}});
  forms.push_back(
      {"bytes [N,1]", test::npy_bytes("|S2", "(3, 1)", std::string("b\0a\0b\0", 6)), 2, {"a", "b"}, {1, 0, 1}});
  forms.push_back({"code points",
                   test::npy_bytes("<U1", "(3,)", std::string("\xE9\0\0\0A\0\0\0B\0\0\0", 12)),
                   3,
                   {"A", "B", "\xC3\xA9"}});
  for (const auto& form : forms) {
    const auto data = open_data(with_labels(dir, form.npy));
    EXPECT_EQ(data->info().label_dim, form.label_dim) << form.what;
    EXPECT_EQ(data->info().notes.label_names, form.names) << form.what;
    EXPECT_TRUE(data->labels().equal(torch::tensor(form.classes, torch::kInt64))) << form.what << data->labels();
  }
  EXPECT_TRUE(open_data((dir / "a.npz").string() + ",labels=no")->info().notes.label_names.empty());
}

TEST(ArrayLabels, MinusOneThroughoutIsNoLabel) {
  const test::TempDir dir;
  for (const auto dtype : {torch::kInt8, torch::kInt64, torch::kFloat32}) {
    EXPECT_EQ(open_data(with_labels(dir, serialize_npy(torch::full({3}, -1, dtype))))->info().label_dim, 0);
  }
}

TEST(ArrayLabels, WhatIsNoClassIsRefusedWithTheEntryAndTheWayOut) {
  const test::TempDir dir;
  const auto npy = [](const torch::Tensor& array) { return serialize_npy(array); };
  const double inf = std::numeric_limits<double>::infinity();
  const std::pair<std::string, const char*> cases[] = {
      {npy(torch::tensor({0, 1'000'000, 2})), "sample 1 is 1000000, expected a class, a whole number from 0 to 999999"},
      {npy(torch::tensor({0, 1, 2'000'000'000})), "sample 2 is 2000000000"},
      {npy(torch::tensor({int64_t{1} << 28, int64_t{0}, int64_t{1}})), "sample 0 is 268435456"},
      {npy(torch::tensor({int64_t{0}, int64_t{1}, std::numeric_limits<int64_t>::max()})),
       "sample 2 is 9223372036854775807"},
      {npy(torch::tensor({int64_t{0}, std::numeric_limits<int64_t>::min(), int64_t{0}})),
       "sample 1 is -9223372036854775808"},
      {npy(torch::tensor({int64_t{-1}, int64_t{-1}, std::numeric_limits<int64_t>::max()}).to(torch::kUInt64)),
       "sample 0 is 18446744073709551615"},
      {npy(torch::tensor({0, -1, 2})), "sample 1 is -1"},
      {npy(torch::tensor({0.0, 0.5, 2.0})), "sample 1 is 0.5"},
      {npy(torch::tensor({0.0, std::nan(""), 2.0})), "sample 1 is nan"},
      {npy(torch::tensor({inf, 0.0, 2.0})), "sample 0 is inf"},
      {npy(torch::tensor({0.0, 1e300, 2.0}, torch::kFloat64)), "sample 1 is 1e+300"},
      {npy(torch::tensor({{0, 1}, {1, 1}, {1, 0}})), "sample 1 is a row of 2 that is not one-hot"},
      {npy(torch::tensor({{0, 1}, {0, 0}, {1, 0}})), "sample 1 is a row of 2"},
      {npy(torch::tensor({{0, 1}, {1, 0}, {2, 1}})), "sample 2 is a row of 2"},
      {npy(torch::tensor({{0.0, 1.0}, {0.5, 0.5}, {1.0, 0.0}})), "sample 1 is a row of 2"},
      {npy(torch::zeros({3, 0})), "got labels of shape [3, 0] for 3 samples"},
      {npy(torch::zeros({3, 2, 2})), "got labels of shape [3, 2, 2]"},
      {npy(torch::zeros({2})), "got labels of shape [2] for 3 samples"},
      {npy(torch::zeros({1, 3})), "got labels of shape [1, 3]"},
      {npy(torch::zeros({})), "got labels of shape [] for 3 samples"},
      {test::npy_bytes("|S1", "(2,)", "ab"), "got labels of shape [2] for 3 samples"},
      {test::npy_bytes("|S1", "(3, 2)", "abcdef"), "got labels of shape [3, 2]"},
      {test::npy_bytes("<U1", "(3,)", std::string(12, '\xFF')), "no code point"},
      {test::npy_bytes("|O", "(3,)", "12345678"), "object arrays hold pickled"},
      {test::npy_bytes("<c8", "(3,)", std::string(24, '\0')), "dtype '<c8'"},
  };
  for (const auto& [labels, expected] : cases) {
    const auto error = test::error_of([&, &labels = labels] { open_data(with_labels(dir, labels)); });
    ASSERT_TRUE(error) << expected;
    EXPECT_EQ(error->code(), ExitCode::kBadFile) << error->what();
    EXPECT_NE(std::string(error->what()).find(expected), std::string::npos) << error->what();
    EXPECT_NE(std::string(error->what()).find("labels=no"), std::string::npos) << error->what();
    EXPECT_EQ(open_data((dir / "a.npz").string() + ",labels=no")->info().label_dim, 0);
  }
}

TEST(ArrayLabels, SurviveThousandsOfDamagedFiles) {
  const test::TempDir dir;
  const std::string forms[] = {
      serialize_npy(torch::one_hot(torch::tensor({2, 0, 1}), 4).to(torch::kFloat32)),
      serialize_npy(torch::tensor({2, 0, 1}).to(torch::kUInt64)),
      test::npy_bytes("<U2", "(3, 1)", std::string("A\0\0\0B\0\0\0\xE9\0\0\0\0\0\0\0A\0\0\0B\0\0\0", 24)),
      test::npy_bytes("|S4", "(3,)", "catsdogsowls"),
  };
  const auto images = torch::zeros({3, 2, 2}, torch::kUInt8);
  for (const auto& labels : forms) {
    // The labels alone are damaged, so that the archive's checksum does not hide them.
    const int refused = test::expect_read_or_refused(
        {labels}, 500, [&](const std::string& mutant) { open_data(with_labels(dir, mutant)); });
    EXPECT_GT(refused, 150);
    const std::string src = with_labels(dir, labels);
    EXPECT_GT(test::open_damaged(test::read_bytes(dir / "a.npz"), dir / "a.npz", src, 500), 150);
  }
}

}  // namespace
}  // namespace farfield
