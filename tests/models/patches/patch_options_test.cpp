// What the text forms of patch denoisers mean, and what they refuse.
#include <fstream>

#include "core/data/source.h"
#include "core/io/npy.h"
#include "core/io/npz.h"
#include "models/registry/model_registry.h"
#include "tests/models/patches/patch_cases.h"
#include "tests/support/filtered_means.h"
#include "tests/support/normals.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

// 45 grey images 6 x 6 of three classes, the last of which has no image.
struct PatchData {
  Tensor images = test::some_images(45, 1, 6, 6).to(torch::kFloat32).to(torch::kFloat64);
  Tensor labels = torch::arange(45).remainder(2);
  std::shared_ptr<const DataSource> source = std::make_shared<DataSource>("images", images.to(torch::kFloat32), labels,
                                                                          3);
  Tensor x = images.narrow(0, 3, 2) + 0.4 * test::normals({2, 1, 6, 6}, 2);

  Tensor operator()(const std::string& model, double sigma = 0.4, const Tensor& given_labels = {}) const {
    return (*open_model(model, {.data = source}))(x, sigma, given_labels);
  }
  // The mean of `plain` over both images of x.
  template <class Plain>
  Tensor expected(const Tensor& of_images, const Plain& plain) const {
    return torch::stack({plain(of_images, x[0]), plain(of_images, x[1])});
  }
};

TEST(PatchOptions, SizesBoundariesAndFlips) {
  const PatchData data;
  const Tensor flipped = torch::cat({data.images, data.images.flip(3)});
  const auto local = [](int64_t k, bool circular) {
    return [=](const Tensor& images, const Tensor& x) { return test::local_mean(images, x, 0.4, k, circular); };
  };
  const auto composite = [](const Tensor& images, const Tensor& x) { return test::composite_mean(images, x, 0.4, 4); };
  EXPECT_LE(test::deviation(data("ls,k=3"), data.expected(data.images, local(3, false))), 1e-9);
  EXPECT_LE(test::deviation(data("ls,k=5,boundary=circular"), data.expected(data.images, local(5, true))), 1e-9);
  EXPECT_LE(test::deviation(data("ls,k=3,flips=yes"), data.expected(flipped, local(3, false))), 1e-9);
  EXPECT_LE(test::deviation(data("pspc,p=4,flips=no"), data.expected(data.images, composite)), 1e-9);
  EXPECT_LE(test::deviation(data("pspc,p=4"), data.expected(flipped, composite)), 1e-9);
  const auto soft = [](const Tensor& images, const Tensor& x) {
    return test::soft_local_mean(images, x, 0.4, 3, /*circular=*/false);
  };
  EXPECT_LE(test::deviation(data("ls,k=3,window=gaussian"), data.expected(data.images, soft)), 1e-9);
}

TEST(PatchOptions, ClassesByLabel) {
  const PatchData data;
  const auto local = [](const Tensor& images, const Tensor& x) { return test::local_mean(images, x, 0.4, 3, false); };
  const Tensor odd = data.images.slice(0, 1, 45, 2);
  const std::string model = "ls,k=3,per=class";
  EXPECT_LE(test::deviation(data(model), data.expected(data.images, local)), 1e-9);
  EXPECT_LE(test::deviation(data(model, 0.4, torch::zeros({2, 3})), data.expected(data.images, local)), 1e-9);
  auto labels = torch::zeros({2, 3});
  labels[0][1] = 1;
  const Tensor mixed = data(model, 0.4, labels);
  EXPECT_LE(test::deviation(mixed[0], local(odd, data.x[0])), 1e-9);
  EXPECT_LE(test::deviation(mixed[1], local(data.images, data.x[1])), 1e-9);
  labels[0][1] = 0.5;
  EXPECT_NE(std::string(test::error_of([&] { data(model, 0.4, labels); })->what()).find("one-hot"), std::string::npos);
  labels[0][1] = 0;
  labels[0][2] = 1;
  EXPECT_NE(std::string(test::error_of([&] { data(model, 0.4, labels); })->what()).find("no image of class 2"),
            std::string::npos);
}

TEST(PatchOptions, LocalityAggregatesAsAsked) {
  const PatchData data;
  const auto locality = [](const GaussianStats& stats) {
    const Tensor covariance = torch::mm(stats.basis * stats.eigenvalues, stats.basis.t());
    return [=](const Tensor& images, const Tensor& x) {
      return test::value_mean(images, x, 0.4, test::locality_weights(covariance, 0.4, 0.2, /*output=*/true));
    };
  };
  const auto sample = locality(test::stats_of_images(data.images, 1));
  const auto population = locality(test::stats_of_images(data.images, 0));
  EXPECT_LE(test::deviation(data("pca-locality,threshold=0.2"), data.expected(data.images, sample)), 1e-9);
  EXPECT_LE(test::deviation(data("pca-locality,threshold=0.2,ddof=0"), data.expected(data.images, population)), 1e-9);
  Tensor mean = torch::zeros_like(data.x);
  for (const int64_t first : {0, 20, 40}) {
    mean += data.expected(data.images.slice(0, first, std::min<int64_t>(45, first + 20)), sample) / 3;
  }
  EXPECT_LE(test::deviation(data("pca-locality,threshold=0.2,aggregation=batch-mean,batch=20"), mean), 1e-9);
}

TEST(PatchOptions, GaussianDividesByNMinusOne) {
  const PatchData data;
  const GaussianStats stats = test::stats_of_images(data.images, 1);
  const auto wiener = make_gaussian(stats, {1, 6, 6});
  EXPECT_LE(test::deviation(data("gaussian,ddof=1"), (*wiener)(data.x, 0.4)), 1e-11);
  EXPECT_GT(test::deviation(data("gaussian"), (*wiener)(data.x, 0.4)), 1e-4);
}

TEST(PatchSizes, PublishedTable) {
  const PatchSizes own = PatchSizes::from_table("edm32", {3, 32, 32});
  EXPECT_TRUE(own.at(80).whole);
  EXPECT_TRUE(own.at(7).whole);  // 8.401 is nearer in the logarithm than 5.315
  EXPECT_EQ(own.at(5.315).size, 23);
  EXPECT_EQ(own.at(1.0).size, 7);
  EXPECT_EQ(own.at(1e-9).size, 3);
  const PatchSizes twice = PatchSizes::from_table("edm32", {3, 64, 64}),
                   small = PatchSizes::from_table("edm32", {1, 8, 9});
  EXPECT_EQ(twice.at(5.315).size, 47);
  EXPECT_EQ(twice.at(1.923).size, 23);
  EXPECT_TRUE(twice.at(80).whole);
  EXPECT_EQ(small.at(1.923).size, 3);
  EXPECT_TRUE(small.at(80).whole);
  EXPECT_EQ(small.at(0.002).size, 3);
}

TEST(PatchSizes, TablesOfFiles) {
  const test::TempDir folder;
  const auto table = [&](const std::string& yaml) {
    const auto file = folder / "table.yaml";
    std::ofstream(file) << yaml;
    return file.string();
  };
  const std::string levels = "sigma: [0.1, 1, 10]\nsize: [3, 5, 8]\n";
  const auto logs = PatchSizes::from_table(table(levels), {1, 8, 8});
  EXPECT_EQ(logs.at(0.4).size, 5);  // in the logarithm 1 is nearer
  EXPECT_TRUE(logs.at(10).whole);
  EXPECT_EQ(PatchSizes::from_table(table("match: nearest\n" + levels), {1, 8, 8}).at(0.4).size, 3);
  EXPECT_EQ(PatchSizes::from_table(table("resolution: 8\n" + levels), {1, 16, 16}).at(1).size, 11);
  // Sizes beyond the image are windows of a local score unless they are said to be exact.
  const auto windows = PatchSizes::from_table(table("exact_from: 0\nsigma: [1]\nsize: [9]\n"), {1, 8, 8}).at(1);
  EXPECT_EQ(windows.size, 9);
  EXPECT_FALSE(windows.whole);
  EXPECT_TRUE(PatchSizes::from_table(table("exact_from: 5\n" + levels), {1, 8, 8}).at(1).whole);
  EXPECT_EQ(fraction_table(table("sigma: [1, 9]\nfraction: [0.5, 1]\n")).at(8), 1);
  for (const char* wrong :
       {"sigma: [1]\nsize: [3, 5]\n", "sigma: []\nsize: []\n", "sigma: [1]\nsize: [2.5]\n", "sigma: [-1]\nsize: [3]\n",
        "sigma: [1]\nsizes: [3]\n", "match: far\nsigma: [1]\nsize: [3]\n"}) {
    EXPECT_EQ(test::error_of([&] { PatchSizes::from_table(table(wrong), {1, 8, 8}); })->code(), ExitCode::kUsage)
        << wrong;
  }
  const PatchData data;
  const std::string both = table("sigma: [0.4]\nsize: [3]\n");
  EXPECT_TRUE(data("ls,table=\"" + both + "\"").equal(data("ls,k=3")));
}

TEST(HeatMaps, LevelsOfAFile) {
  const test::TempDir folder;
  const Tensor heat = torch::stack({test::some_heat(6, 6), test::some_heat(6, 6).flip({2, 3})});
  const auto file = (folder / "heat.npz").string();
  write_npz(file, {{"heat", heat}, {"sigma", torch::tensor({0.1, 10.0}, torch::kFloat64)}});
  const PatchData data;
  const std::string model = "pspc-flex,fraction=0.3,flips=no,heat=\"" + file + "\"";
  for (const auto& [sigma, level] : {std::pair(0.4, 0), {4.0, 1}}) {
    const Tensor masks = test::masks_of(heat[level], 0.3);
    const auto plain = [&](const Tensor& images, const Tensor& x) {
      return test::masked_mean(images, x, sigma, masks, /*own=*/true);
    };
    EXPECT_LE(test::deviation(data(model, sigma), data.expected(data.images, plain)), 1e-9) << sigma;
  }
  EXPECT_FALSE(data(model + ",uncovered=zero").equal(data(model)));
}

TEST(PatchOptions, RefuseWithTheWayOut) {
  const PatchData data;
  const test::TempDir folder;
  const auto file = [&](const std::string& name, const Tensor& heat) {
    write_npy(folder / name, heat);
    return "pspc-flex,heat=\"" + (folder / name).string() + "\"";
  };
  auto nothing = test::some_heat(6, 6);
  nothing[1][2].zero_();
  const std::pair<std::string, const char*> cases[] = {
      {"ls,k=4", "odd side: 3 or 5"},
      {"els-zero-all,k=2", "odd side: 1 or 3"},
      {"ls,k=0", "expected a whole number from 1"},
      {"ls,k=7,boundary=circular", "at most 5 for images of 6 x 6"},
      {"els-circular-all,k=7", "at most 5 for images of 6 x 6"},
      {"els-circular-interior,k=7", "no window of 7 x 7 lies inside an image of 6 x 6"},
      {"pspc,p=7", "give p from 1 to 6"},
      {"ls,k=3,table=edm32", "not both"},
      {"ls,boundary=round", "unknown value of boundary"},
      {"ls,p=3", "unknown option 'p'"},
      {"pspc-flex", "give heat=FILE"},
      {file("wide", test::some_heat(5, 6)), "expected [6,6,6,6]"},
      {file("negative", -test::some_heat(6, 6)), "finite values >= 0"},
      {file("nothing", nothing), "pixel (1, 2) depends on nothing"},
      {file("good", test::some_heat(6, 6)) + ",fraction=0", "above 0"},
      {file("both", test::some_heat(6, 6)) + ",fraction=0.5,table=edm32", "not both"},
      {"pca-locality,threshold=0", "signed=yes"},
      {"pca-locality,batch=5", "aggregation=batch-mean"},
      {"pca-locality,threshold=2", "from 0 to 1"},
      {"ls:moons,k=3", "needs images [C,H,W]"},
      {"pca-locality:moons", "needs images [C,H,W]"},
      {"pspc:glyphs,count=20,labels=no,per=class", "has no labels"}};
  for (const auto& [text, words] : cases) {
    const auto error = test::error_of([&] { open_model(text, {.data = data.source}); });
    ASSERT_TRUE(error) << text;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << text << ": " << error->what();
    EXPECT_NE(std::string(error->what()).find(words), std::string::npos) << text << ": " << error->what();
    EXPECT_EQ(std::string(error->what()).find('\n'), std::string::npos) << text;
  }
  EXPECT_EQ(test::error_of([&] { open_model("ls,table=/no/such", {.data = data.source}); })->code(), ExitCode::kIo);
}

// A reference that no memory holds is refused before any of it is laid out.
TEST(PatchOptions, TooManyImagesAreRefused) {
  const Tensor images = torch::zeros({1, 1, 1, 1}).expand({6000, 3, 1024, 1024});
  const auto error = test::error_of([&] { TrainingImages training(images); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code(), ExitCode::kUsage);
  EXPECT_NE(std::string(error->what()).find("take 70.5 GiB"), std::string::npos) << error->what();
  EXPECT_NE(std::string(error->what()).find("first=N"), std::string::npos) << error->what();
}

TEST(PatchOptions, NoGradientsAreClaimed) {
  const PatchData data;
  for (const char* model : {"ls,k=3", "els-border,k=3", "pspc,p=3", "pca-locality"}) {
    const auto denoiser = open_model(model, {.data = data.source});
    const auto error = test::error_of([&] { denoiser->vector_jacobian(data.x, 0.4, torch::ones_like(data.x)); });
    ASSERT_TRUE(error) << model;
    EXPECT_EQ(error->code(), ExitCode::kUsage) << model;
  }
}

// Five images: W_bb differs by far more than the threshold allows.
TEST(PatchOptions, EmptyMasksAreRefusedUnlessTheMeanIsWanted) {
  const Tensor images = test::some_images(5, 3, 6, 6).to(torch::kFloat32);
  const auto data = std::make_shared<DataSource>("five", images, Tensor(), 0);
  const Tensor x = images.narrow(0, 0, 1);
  const auto error = test::error_of([&] { (*open_model("pca-locality,threshold=0.9", {.data = data}))(x, 0.05); });
  EXPECT_NE(std::string(error->what()).find("empty=mean"), std::string::npos) << error->what();
  const Tensor result = (*open_model("pca-locality,threshold=0.9,empty=mean", {.data = data}))(x, 0.05);
  EXPECT_TRUE(result.isfinite().all().item<bool>());
}

}  // namespace
}  // namespace farfield
