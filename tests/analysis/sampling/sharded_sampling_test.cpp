// Samples in shards: the same as in one piece, the same bytes after any interruption, for any number of ranks.
#include "analysis/sampling/sharded_sampling.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "analysis/sampling/sample_arrays.h"
#include "core/data/source.h"
#include "core/io/file.h"
#include "core/io/npz.h"
#include "core/io/system_calls.h"
#include "models/analytic/analytic.h"
#include "samplers/model_levels.h"
#include "samplers/solvers/solver_registry.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_group.h"

namespace farfield {
namespace {
namespace fs = std::filesystem;
using torch::Tensor;

struct Killed {};  // no Error: nothing between here and the test answers it

std::shared_ptr<const Denoiser> picture_model() {
  const GaussianStats stats{torch::full({12}, 0.1, torch::kFloat64), torch::eye(12, torch::kFloat64),
                            torch::linspace(1, 0.1, 12, torch::kFloat64), 0, 0};
  return make_gaussian(stats, {3, 2, 2});
}

class Sharded : public ::testing::Test {
 protected:
  Sharded() {
    request.seeds.resize(22);
    for (size_t i = 0; i < request.seeds.size(); ++i) request.seeds[i] = static_cast<int64_t>(7 + 3 * i);
    request.levels = resolve_levels({.steps = 4}, model->info());
    request.batch = 2;
  }
  PartStore parts(const std::string& name, EarlierParts earlier = EarlierParts::kResume) const {
    return {folder / name, R"({"of": "a test"})", earlier};
  }
  ShardedSamples run(const PartStore& store, const SampleRequest& of, Comm& comm = alone()) const {
    return sample_to_shards(*model, *solver, of, index, /*shown=*/7, store, comm);
  }
  // The bytes of all files of a run, placed.
  std::map<std::string, std::string> placed(const PartStore& store, const std::string& name) const {
    place_shards(index, store, folder / name);
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::directory_iterator(folder / name))
      files[entry.path().filename().string()] = read_file(entry.path(), 1 << 20);
    return files;
  }

  test::TempDir folder;
  std::shared_ptr<const Denoiser> model = picture_model();
  std::unique_ptr<const Solver> solver = make_solver("heun");
  SampleRequest request;
  ShardIndex index{22, 6, std::string(64, 'a'), std::string(64, 'b')};
};

TEST_F(Sharded, HoldWhatOneRunHoldsAndAreReadAsOneDataSet) {
  const PartStore store = parts("a");
  const auto result = run(store, request);
  const Samples whole = sample(*model, *solver, request);
  EXPECT_EQ(result.nfe, whole.nfe);
  EXPECT_EQ(result.kept, 0);
  EXPECT_TRUE(result.first.x.equal(whole.x.narrow(0, 0, 7)));
  EXPECT_TRUE(result.first.seeds.equal(whole.seeds.narrow(0, 0, 7)));
  fs::create_directory(folder / "run");
  ASSERT_EQ(placed(store, "run/shards").size(), 5U);
  int64_t first = 0;
  for (int64_t shard = 0; shard < 4; ++shard) {
    const auto arrays = read_npz(folder / "run/shards" / shard_name(shard));
    const int64_t size = shard < 3 ? 6 : 4;
    ASSERT_EQ(arrays.at("x").size(0), size);
    EXPECT_TRUE(arrays.at("x").equal(whole.x.narrow(0, first, size)));
    EXPECT_TRUE(arrays.at("seeds").equal(whole.seeds.narrow(0, first, size)));
    EXPECT_TRUE(arrays.at("images").equal(sample_arrays(whole).at("images").narrow(0, first, size)));
    first += size;
  }
  EXPECT_EQ(open_data("samples:" + (folder / "run").string())->info().count, 22);
}

TEST_F(Sharded, KilledAtTwentyMomentsAreTheSameBytes) {
  const PartStore store = parts("whole");
  int64_t evaluations = 0;
  SampleRequest counted = request;
  counted.on_evaluation = [&](int64_t) { ++evaluations; };
  run(store, counted);
  const auto expected = placed(store, "expected");
  ASSERT_GE(evaluations, 60);
  for (int64_t moment = 0; moment < 20; ++moment) {
    SCOPED_TRACE(moment);
    const int64_t last = evaluations * moment / 20;
    const std::string name = "killed" + std::to_string(moment);
    int64_t made = 0;
    SampleRequest killed = request;
    killed.on_evaluation = [&](int64_t) {
      if (++made > last) throw Killed();
    };
    EXPECT_THROW(run(parts(name), killed), Killed);
    const PartStore again = parts(name);
    const int64_t kept = samples_kept(index, again);
    EXPECT_EQ(kept, 6 * again.kept());
    int64_t left = 0;
    SampleRequest rest = request;
    rest.on_evaluation = [&](int64_t samples) { left += samples; };
    EXPECT_EQ(run(again, rest).kept, kept);
    EXPECT_EQ(left, 7 * (22 - kept)) << "finished shards are not drawn again";
    EXPECT_TRUE(placed(again, name + "-placed") == expected);
  }
}

TEST_F(Sharded, AFullDiskLeavesFinishedShardsAndSaysHowToGoOn) {
  const PartStore store = parts("full");
  int64_t files = 0;
  system_calls().open = [&](const char* path, int flags, mode_t mode) {
    if (std::string_view(path).find("batch-") != std::string_view::npos && ++files > 2) {
      errno = ENOSPC;
      return -1;
    }
    return SystemCalls::real().open(path, flags, mode);
  };
  const auto error = test::error_of([&] { run(store, request); });
  system_calls() = SystemCalls::real();
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kIo);
  EXPECT_NE(std::string(error->what()).find("No space left"), std::string::npos) << error->what();
  EXPECT_NE(std::string(error->what()).find("--resume goes on from there"), std::string::npos) << error->what();
  EXPECT_EQ(store.kept(), 2);
  EXPECT_EQ(run(parts("full"), request).kept, 12);
}

TEST_F(Sharded, RanksWriteTheSameBytes) {
  const PartStore store = parts("one");
  run(store, request);
  const auto expected = placed(store, "expected");
  for (const int ranks : {2, 3}) {
    const std::string name = "ranks" + std::to_string(ranks);
    const PartStore shared = parts(name);
    test::run_ranks(ranks, [&](Comm& comm) {
      const torch::NoGradGuard no_grad;
      const auto own = comm.is_root() ? shared : PartStore::beside_root(folder / name, R"({"of": "a test"})");
      const auto result = run(own, request, comm);
      EXPECT_EQ(result.nfe, 7);
      EXPECT_EQ(result.first.x.defined(), comm.is_root());
    });
    EXPECT_TRUE(placed(shared, name + "-placed") == expected) << ranks;
  }
}

TEST_F(Sharded, AShardOfOtherSeedsOrAnotherRunIsNotTaken) {
  run(parts("a"), request);
  SampleRequest other = request;
  other.seeds[8] = 1000;
  auto error = test::error_of([&] { run(parts("a"), other); });
  EXPECT_NE(std::string(error->what()).find("shard 1 that is kept is not of this run"), std::string::npos);
  index.run_sha256 = std::string(64, 'c');
  error = test::error_of([&] { run(parts("a"), request); });
  EXPECT_NE(std::string(error->what()).find("shard 0 that is kept"), std::string::npos);
}

TEST_F(Sharded, TheirSizeIsBoundedByBytesAlone) {
  EXPECT_EQ(shard_size(request, model->info(), 0), 0);
  EXPECT_EQ(shard_size(request, model->info(), 5), 5);
  const DenoiserInfo large{.name = "large", .sample_shape = {3, 512, 512}};
  SampleRequest many = request;
  many.batch = 4;
  many.seeds.assign(42, 0);  // 6 MiB each: 252
  EXPECT_EQ(shard_size(many, large, 0), 0);
  many.seeds.assign(43, 0);
  EXPECT_EQ(shard_size(many, large, 0), 8);  // of 10 that 64 MiB hold, whole batches
  many.batch = 64;
  EXPECT_EQ(shard_size(many, large, 0), 64);
  many.trajectory = true;
  many.batch = 1;
  EXPECT_EQ(shard_size(many, large, 0), 1);
}

}  // namespace
}  // namespace farfield
