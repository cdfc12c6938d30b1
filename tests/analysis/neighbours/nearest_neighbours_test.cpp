#include "analysis/neighbours/nearest_neighbours.h"

#include <cmath>

#include "tests/support/normals.h"
#include "tests/support/test_support.h"
#include "tests/support/thread_count.h"

namespace farfield {
namespace {

using torch::Tensor;

DataSource points_source(const Tensor& points) { return {"points", points.to(torch::kFloat32), {}, 0}; }

// By all differences in float64; equal distances keep the order of the data.
Neighbours all_differences(const Tensor& states, const DataSource& data, int64_t k) {
  const test::ThreadCount one(1);
  const Tensor points = data.rows(0, data.info().count).flatten(1).to(torch::kFloat64);
  std::vector<Tensor> index, distance;
  for (const Tensor& state : states.flatten(1).to(torch::kFloat64).unbind()) {
    const auto sorted = (points - state).square().sum(1).sort(/*stable=*/true, 0, /*descending=*/false);
    index.push_back(std::get<1>(sorted).narrow(0, 0, k));
    distance.push_back(std::get<0>(sorted).narrow(0, 0, k).sqrt());
  }
  return {torch::stack(index), torch::stack(distance)};
}

void expect_same(const Neighbours& got, const Neighbours& expected) {
  EXPECT_TRUE(torch::equal(got.index, expected.index));
  EXPECT_LE(test::relative_deviation(got.distance, expected.distance), 1e-14);
}

// Images of few directions: many points at nearly the same distance.
Tensor image_like(int64_t count, int64_t dim, int64_t seed) {
  return torch::mm(test::normals({count, 6}, seed), 0.3 * test::normals({6, dim}, seed + 1)).clamp(-1, 1);
}

TEST(NearestNeighbours, are_those_of_all_differences) {
  const Tensor points = image_like(5000, 192, 1);
  const DataSource data = points_source(points);
  for (const double noise : {1e-6, 3.0}) {
    const Tensor states = points.narrow(0, 300, 200) + noise * test::normals({200, 192}, 3);
    expect_same(nearest_neighbours(states, data, 5), all_differences(states, data, 5));
  }
}

TEST(NearestNeighbours, any_size_any_dimension_any_k) {
  struct Size {
    int64_t count, dim, k;
  };
  for (const auto [count, dim, k] :
       {Size{1, 1, 1}, {7, 1, 7}, {2049, 1, 3}, {50, 2, 50}, {2500, 2, 2500}, {9, 3072, 2}, {3, 70000, 3}}) {
    const Tensor points = test::normals({count, dim}, 4).to(torch::kFloat32).to(torch::kFloat64);
    const DataSource data = points_source(points);
    const Tensor states = torch::cat({points.narrow(0, 0, 1), test::normals({3, dim}, 5)});
    expect_same(nearest_neighbours(states, data, k), all_differences(states, data, k));
  }
}

TEST(NearestNeighbours, a_data_point_is_its_own_and_duplicates_stand_in_order) {
  Tensor points = image_like(3000, 48, 6);
  points[2500] = points[40];
  points[40 + 1] = points[40];
  const DataSource data = points_source(points);
  const Neighbours own = nearest_neighbours(data.rows(0, 3000), data, 3);
  const Tensor expected = torch::arange(3000, torch::kInt64);
  expected[41] = expected[2500] = 40;
  EXPECT_TRUE(torch::equal(own.index.select(1, 0), expected));
  EXPECT_EQ(own.distance.select(1, 0).abs().max().item<double>(), 0);
  EXPECT_TRUE(torch::equal(own.index[2500], torch::tensor({40, 41, 2500}, torch::kInt64)));
}

TEST(NearestNeighbours, all_points_alike_are_taken_in_order) {
  const DataSource data = points_source(torch::ones({4100, 3}));
  const Neighbours found = nearest_neighbours(torch::zeros({2, 3}), data, 4);
  EXPECT_TRUE(torch::equal(found.index, torch::arange(4, torch::kInt64).expand({2, 4})));
  EXPECT_LE((found.distance - std::sqrt(3.0)).abs().max().item<double>(), 1e-15);
}

// What float32 cannot tell: points that differ in their last bit, far from the origin.
TEST(NearestNeighbours, near_ties_are_decided_in_float64) {
  Tensor points = 1000 + image_like(2200, 30, 7).to(torch::kFloat32);
  points[2100] = points[5];
  points[2100][3] += 1e-4F * 2;
  const DataSource data = points_source(points);
  Tensor state = points[5].to(torch::kFloat64).unsqueeze(0).clone();
  state[0][3] += 1.9e-4;
  expect_same(nearest_neighbours(state, data, 2), all_differences(state, data, 2));
  EXPECT_EQ(nearest_neighbours(state, data, 1).index.item<int64_t>(), 2100);
}

TEST(NearestNeighbours, depend_on_neither_batches_nor_threads) {
  const Tensor points = image_like(3000, 64, 8), states = image_like(1100, 64, 9) + 0.2;
  const DataSource data = points_source(points);
  const Neighbours whole = nearest_neighbours(states, data, 4);
  for (const int threads : {1, 3}) {
    const test::ThreadCount some(threads);
    for (const auto& part : states.split(threads == 1 ? 7 : 1100)) {
      const int64_t first = part.storage_offset() / 64;
      const Neighbours found = nearest_neighbours(part, data, 4);
      ASSERT_TRUE(torch::equal(found.index, whole.index.narrow(0, first, part.size(0))));
      ASSERT_TRUE(torch::equal(found.distance, whole.distance.narrow(0, first, part.size(0))));
    }
  }
}

TEST(NearestNeighbours, a_rotation_of_states_and_data_changes_nothing) {
  const Tensor rotation = std::get<0>(torch::linalg_qr(test::normals({64, 64}, 10)));
  const Tensor points = image_like(2500, 64, 11).to(torch::kFloat32), states = test::normals({50, 64}, 12);
  const Neighbours plain = nearest_neighbours(states, points_source(points), 5);
  const Tensor turned = torch::mm(points.to(torch::kFloat64), rotation);
  const Neighbours rotated = nearest_neighbours(torch::mm(states, rotation), points_source(turned), 5);
  EXPECT_TRUE(torch::equal(plain.index, rotated.index));
  EXPECT_LE(test::relative_deviation(rotated.distance, plain.distance), 1e-6);  // data are kept in float32
}

TEST(NearestNeighbours, huge_values_overflow_nothing) {
  const Tensor points = 3e38F * torch::tensor({{1.0F, -1.0F}, {0.5F, 0.5F}, {1e-38F, 0.F}});
  const DataSource data = points_source(points);
  const Tensor states = points.to(torch::kFloat64) * 0.9;
  expect_same(nearest_neighbours(states, data, 3), all_differences(states, data, 3));
}

TEST(NearestNeighbours, refuses_what_has_no_answer) {
  const DataSource data = points_source(torch::ones({4, 3}));
  const auto code = [&](const Tensor& states, int64_t k) {
    return test::error_of([&] { nearest_neighbours(states, data, k); })->code();
  };
  EXPECT_EQ(code(torch::ones({2, 3}), 5), ExitCode::kUsage);
  EXPECT_EQ(code(torch::ones({2, 3}), 0), ExitCode::kUsage);
  EXPECT_EQ(code(torch::ones({2, 4}), 1), ExitCode::kUsage);
  EXPECT_EQ(code(torch::full({2, 3}, std::nan("")), 1), ExitCode::kNumeric);
  EXPECT_EQ(nearest_neighbours(torch::ones({0, 3}), data, 2).index.sizes(), (std::vector<int64_t>{0, 2}));
}

}  // namespace
}  // namespace farfield
