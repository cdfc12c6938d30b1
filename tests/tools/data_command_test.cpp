#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/io/zip_writer.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using test::run_farfield;

TEST(DataCommand, PrintsATableOrJson) {
  const auto table = run_farfield({"data", "stats", "glyphs,count=200"});
  EXPECT_EQ(table.exit_code, 0) << table.err;
  for (const char* part : {"200 of 1 x 16 x 16", "sigma_data", "10 classes", "suggested", "all samples"}) {
    EXPECT_NE(table.out.find(part), std::string::npos) << part << " in " << table.out;
  }
  const auto json = run_farfield({"data", "stats", "glyphs,count=200", "--json"});
  const auto stats = nlohmann::json::parse(json.out);
  EXPECT_EQ(stats["count"], 200);
  EXPECT_EQ(stats["label_counts"].size(), 10u);
  EXPECT_EQ(stats["suggested"]["sigma_min"]["value"], 0.002);
}

TEST(DataCommand, ManyClassesAreSummedUp) {
  const test::TempDir folder;
  const std::string src = (folder / "a.npz").string();
  const auto stats = [&](const torch::Tensor& labels) {
    write_npz(src, {{"images", torch::zeros({labels.size(0), 2, 2}, torch::kUInt8)}, {"labels", labels}});
    const auto result = run_farfield({"data", "stats", src});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.out;
  };
  const auto some = stats(torch::cat({torch::arange(60), torch::arange(30), torch::tensor({0, 64})}));
  EXPECT_NE(some.find("65 classes, 1 to 3 samples in each, median 1; 4 without samples: 60 61 62 63\n"),
            std::string::npos)
      << some;
  const auto highest = stats(torch::tensor({0, 5, 999'999}));
  EXPECT_NE(highest.find("1000000 classes, 1 to 1 samples in each, median 1; 999997 without samples: 1 2 3 4 6 ..."),
            std::string::npos)
      << highest;
  EXPECT_LT(highest.size(), 4000u);
}

TEST(DataCommand, TextsBecomeNamedClasses) {
  const test::TempDir folder;
  ZipWriter zip;
  zip.add("images.npy", {serialize_npy(torch::zeros({3, 2, 2}, torch::kUInt8))});
  const std::string header = "{'descr': '|S3', 'fortran_order': False, 'shape': (3,), }\n";
  zip.add("labels.npy",
          {std::string("\x93NUMPY\1\0", 8), std::string{static_cast<char>(header.size()), '\0'}, header, "owlcatowl"});
  write_file_atomically(folder / "a.npz", zip.finish());
  const auto table = run_farfield({"data", "stats", (folder / "a.npz").string()});
  EXPECT_NE(table.out.find("0 'cat', 1 'owl'"), std::string::npos) << table.out << table.err;
  const auto json = run_farfield({"data", "stats", (folder / "a.npz").string(), "--json"});
  EXPECT_EQ(nlohmann::json::parse(json.out)["label_names"], nlohmann::json({"cat", "owl"}));
}

// One warning with the option that converts, and none once something is said about it.
TEST(DataCommand, FloatsThatAreNoImagesOfModelsAreNamed) {
  const test::TempDir folder;
  const auto bytes = torch::arange(4 * 8 * 8 * 3).remainder(256).to(torch::kFloat32).reshape({4, 8, 8, 3});
  const auto warnings = [&](const torch::Tensor& array, const std::string& options) {
    write_npy(folder / "a.npy", array);
    const auto result = run_farfield({"data", "stats", (folder / "a.npy").string() + options});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return result.err;
  };
  const std::string both = warnings(bytes, "");
  EXPECT_NE(both.find("layout=nhwc"), std::string::npos) << both;
  EXPECT_NE(both.find("range=0..255"), std::string::npos) << both;
  EXPECT_NE(warnings(bytes.permute({0, 3, 1, 2}).div(255), "").find("range=0..1 converts"), std::string::npos);
  EXPECT_EQ(warnings(bytes, ",layout=nhwc,range=0..255").find("warning"), std::string::npos);
  EXPECT_EQ(warnings(bytes, ",layout=nchw,range=keep").find("warning"), std::string::npos);
  EXPECT_EQ(warnings(bytes.permute({0, 3, 1, 2}).div(127.5).sub(1), "").find("warning"), std::string::npos);
  EXPECT_EQ(warnings(torch::rand({9, 3}), "").find("warning"), std::string::npos) << "points";
}

TEST(DataCommand, ErrorsHaveTheirExitCodes) {
  EXPECT_EQ(run_farfield({"data", "stats", "glyhps"}).exit_code, 2);
  EXPECT_EQ(run_farfield({"data", "stats", "/nowhere.npz"}).exit_code, 5);
  EXPECT_EQ(run_farfield({"data", "stats"}).exit_code, 2);
}

}  // namespace
}  // namespace farfield
