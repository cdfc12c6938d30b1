// encode and interpolate as users run them.
#include <algorithm>
#include <fstream>

#include <nlohmann/json.hpp>

#include "core/io/npz.h"
#include "core/text.h"
#include "tests/support/process.h"
#include "tests/support/test_support.h"
#include "tests/tools/labelled_model.h"

namespace farfield {
namespace {

namespace fs = std::filesystem;
using Arguments = std::vector<std::string>;

const std::string kModel = "isotropic:glyphs,size=8,count=40";

class LatentsCommands : public ::testing::Test {
 protected:
  test::ProcessResult run(const std::string& command, const std::string& out, const Arguments& more) {
    Arguments arguments = {command, "--out", (folder / out).string(), "--quiet"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return test::run_farfield(arguments);
  }
  nlohmann::json run_json(const std::string& out) const {
    std::ifstream file(folder / (out + "/run.json"));
    return nlohmann::json::parse(file);
  }
  void expect_refused(const std::string& command, const Arguments& arguments, const std::string& words) {
    const auto result = run(command, "bad", arguments);
    EXPECT_EQ(result.exit_code, 2) << join(arguments, " ") << ": " << result.err;
    EXPECT_NE(result.err.find(words), std::string::npos) << result.err;
    EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
    EXPECT_FALSE(fs::exists(folder / "bad"));
  }
  test::TempDir folder;
};

TEST_F(LatentsCommands, encode_reports_its_round_trip_and_its_file_starts_samples) {
  const auto encoded = run("encode", "e", {"--model", kModel, "--data", "glyphs,size=8,first=5", "--steps", "40"});
  ASSERT_EQ(encoded.exit_code, 0) << encoded.err;
  const auto result = run_json("e").at("result");
  EXPECT_EQ(result.at("samples"), 5);
  EXPECT_EQ(result.at("nfe_per_sample"), 80);
  EXPECT_EQ(result.at("back_nfe_per_sample"), 80);
  EXPECT_LT(result.at("rms_error"), 0.05);
  EXPECT_GT(result.at("rms_error"), 0);
  EXPECT_GE(result.at("max_error"), result.at("rms_error"));
  EXPECT_NE(encoded.out.find("5 latents, 80 evaluations each; back with 80: rms error"), std::string::npos)
      << encoded.out;

  const auto arrays = read_npz(folder / "e/latents.npz");
  EXPECT_EQ(arrays.at("latents").sizes(), (std::vector<int64_t>{5, 1, 8, 8}));
  EXPECT_EQ(arrays.at("sigma").item<double>(), 80);
  const std::string file = (folder / "e/latents.npz").string();
  const Arguments from_file = {"--model", kModel,    "--latents", file,      "--steps",
                               "40",      "--final", "sigma_min", "--batch", "2"};
  const auto sampled = run("sample", "s", from_file);
  ASSERT_EQ(sampled.exit_code, 0) << sampled.err;
  EXPECT_LE(test::deviation(read_npz(folder / "s/samples.npz").at("x"), arrays.at("round_trip")), 1e-12);
  EXPECT_NE(run_json("s").dump().find("latents.npz"), std::string::npos);

  expect_refused("sample", {"--model", kModel, "--latents", file, "--sigma-max", "50"}, "add --sigma-max 80");
  expect_refused("sample", {"--model", kModel, "--latents", file, "--seeds", "0-3"}, "4 seeds for 5 latents");
  expect_refused("sample", {"--model", "delta:rings,count=20", "--latents", file}, "latents of shape");
}

TEST_F(LatentsCommands, classes_go_with_the_latents) {
  const std::string model = (folder / "labelled.safetensors").string();
  test::write_labelled_model(model);
  expect_refused("encode", {"--model", model, "--data", "rings,count=3"}, "--class");
  expect_refused("encode", {"--model", model, "--data", "rings,count=3", "--class", "3"}, "knows 3 classes");
  const auto encoded = run("encode", "e",
                           {"--model", model, "--data", "rings,count=3", "--class", "2", "--steps", "12"});
  ASSERT_EQ(encoded.exit_code, 0) << encoded.err;
  const std::string file = (folder / "e/latents.npz").string();
  ASSERT_EQ(run("sample", "s", {"--model", model, "--latents", file, "--steps", "12"}).exit_code, 0);
  EXPECT_TRUE(read_npz(folder / "s/samples.npz").at("labels").eq(2).all().item<bool>());
}

TEST_F(LatentsCommands, encode_compares_with_another_model_and_a_closed_form) {
  const std::string gaussian = (folder / "g.safetensors").string();
  ASSERT_EQ(test::run_farfield({"fit", "gaussian", "--data", "glyphs,size=8,count=40", "--out", gaussian}).exit_code,
            0);
  const auto result = run("encode", "e",
                          {"--model", kModel, "--data", "glyphs,size=8,first=5", "--steps", "20", "--against", gaussian,
                           "--gaussian", gaussian});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_NE(result.out.find("against g.safetensors: rms difference"), std::string::npos) << result.out;
  const auto record = run_json("e").at("result");
  EXPECT_GT(record.at("against").at("rms").at("mean").get<double>(), 0.01);
  EXPECT_LE(record.at("against").at("cosine").at("high").get<double>(), 1);
  const auto arrays = read_npz(folder / "e/latents.npz");
  EXPECT_EQ(arrays.at("latents_gaussian").sizes(), (std::vector<int64_t>{5, 1, 8, 8}));
  EXPECT_EQ(arrays.at("cosine_against").sizes(), (std::vector<int64_t>{5}));
  // Heun's way up with the Gaussian is near its closed form.
  EXPECT_LE((arrays.at("latents_against") - arrays.at("latents_gaussian")).abs().max().item<double>(), 0.2);
  std::ifstream file(folder / "e/report.html");
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  for (const char* words : {"(closed form)", "000 (theorem 1)", "encodings.csv", "<img alt="})
    EXPECT_NE(page.find(words), std::string::npos) << words;
  expect_refused("encode", {"--model", kModel, "--data", "glyphs,size=8,first=2", "--against", "delta:moons,count=9"},
                 "another shape");
}

TEST_F(LatentsCommands, encode_says_what_it_cannot_do_and_leaves_nothing) {
  expect_refused("encode", {"--model", kModel, "--data", "glyphs,size=8,first=2", "--final", "zero"},
                 "end the levels above 0");
  expect_refused("encode", {"--model", kModel, "--data", "rings,count=2"}, "another shape");
}

TEST_F(LatentsCommands, interpolate_makes_strips_and_grids_with_the_seeds_own_samples_at_the_corners) {
  const Arguments seeds = {"--model", kModel, "--steps", "5"};
  auto strip = seeds, grid = seeds, corners = seeds;
  strip.insert(strip.end(), {"--seeds", "4,9", "--frames", "6", "--mode", "spherical"});
  grid.insert(grid.end(), {"--seeds", "4,9,2,3", "--frames", "3"});
  corners.insert(corners.end(), {"--seeds", "4,9,2,3"});
  const auto made = run("interpolate", "strip", strip);
  ASSERT_EQ(made.exit_code, 0) << made.err;
  ASSERT_EQ(run("interpolate", "grid", grid).exit_code, 0);
  ASSERT_EQ(run("sample", "corners", corners).exit_code, 0);
  const auto x = read_npz(folder / "corners/samples.npz").at("x");
  const auto on_strip = read_npz(folder / "strip/interpolation.npz"),
             on_grid = read_npz(folder / "grid/interpolation.npz");
  EXPECT_EQ(on_strip.at("x").size(0), 6);
  EXPECT_EQ(on_grid.at("x").size(0), 9);
  EXPECT_LE(test::deviation(on_strip.at("x")[0], x[0]), 1e-12);
  EXPECT_LE(test::deviation(on_strip.at("x")[5], x[1]), 1e-12);
  EXPECT_LE(test::deviation(on_grid.at("x")[2], x[1]), 1e-12);
  EXPECT_LE(test::deviation(on_grid.at("x")[6], x[2]), 1e-12);
  EXPECT_LE(test::deviation(on_grid.at("x")[8], x[3]), 1e-12);
  EXPECT_TRUE(on_grid.contains("images"));
  EXPECT_TRUE(fs::exists(folder / "grid/interpolation.png"));
  const auto run = run_json("grid");
  EXPECT_EQ(run.at("mode"), "indist");
  EXPECT_EQ(run.at("result").at("nfe_per_sample"), 9);
}

TEST_F(LatentsCommands, interpolate_tells_its_theory_alone_or_beside_the_frames) {
  const auto alone = run("interpolate", "t", {"--theory"});
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  for (const char* file : {"theory.csv", "shifts.csv", "weights.csv", "report.html", "run.json"})
    EXPECT_TRUE(fs::exists(folder / "t" / file)) << file;
  EXPECT_FALSE(fs::exists(folder / "t/interpolation.npz"));
  const auto near = run("interpolate", "n",
                        {"--model", kModel, "--seeds", "1,2", "--steps", "4", "--frames", "3", "--weight", "sine",
                         "--neighbours", "glyphs,size=8,count=40", "--k", "4", "--theory"});
  ASSERT_EQ(near.exit_code, 0) << near.err;
  std::ifstream csv(folder / "n/neighbours.csv");
  std::string header, first;
  std::getline(csv, header);
  std::getline(csv, first);
  EXPECT_EQ(header, "frame,rank,index,label,distance");
  EXPECT_TRUE(first.starts_with("0,1,")) << first;
  std::ifstream page(folder / "n/report.html");
  const std::string text{std::istreambuf_iterator<char>(page), {}};
  for (const char* words : {"these frames", "neighbour 4", "sec²", "(1 − α)²"})
    EXPECT_NE(text.find(words), std::string::npos) << words;
  EXPECT_EQ(run_json("n").at("weight"), "sine");
}

TEST_F(LatentsCommands, interpolate_refuses_what_has_no_corners) {
  expect_refused("interpolate", {"--seeds", "1,2"}, "--model is required");
  expect_refused("interpolate", {"--model", kModel, "--seeds", "1,2", "--mode", "linear", "--weight", "sine"},
                 "no --weight");
  expect_refused("interpolate", {"--model", kModel, "--seeds", "1,2", "--neighbours", "glyphs,size=8,count=5"}, "k");
  expect_refused("interpolate", {"--model", kModel, "--seeds", "1,2", "--neighbours", "moons"}, "shape");
  expect_refused("interpolate", {"--model", kModel}, "--seeds A,B");
  expect_refused("interpolate", {"--model", kModel, "--seeds", "1,2,3"}, "got 3 corners");
  expect_refused("interpolate", {"--model", kModel, "--seeds", "1,2", "--mode", "slerp"}, "spherical");
  const std::string model = (folder / "labelled.safetensors").string();
  test::write_labelled_model(model);
  expect_refused("interpolate", {"--model", model, "--seeds", "1,2"}, "say which with --class");
}

}  // namespace
}  // namespace farfield
