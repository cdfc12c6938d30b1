// Every operator by its definition: exact adjoints, proximal maps and pseudo-inverses of the dense matrix, faults named.
#include <cmath>

#include <ATen/ops/linalg_pinv.h>
#include <ATen/ops/linalg_solve.h>
#include <ATen/ops/linalg_svd.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "core/io/npy.h"
#include "models/operators/kernels.h"
#include "models/operators/operator_registry.h"
#include "models/operators/operators.h"
#include "tests/support/normals.h"
#include "tests/support/scripted_network.h"
#include "tests/support/test_support.h"

namespace farfield {
namespace {

using torch::Tensor;

using test::normals;

Tensor batch(int64_t count, std::vector<int64_t> shape, int64_t seed) {
  shape.insert(shape.begin(), count);
  return normals(shape, seed);
}

// All kinds of linear operators on small images; none is square by accident in both sides.
std::vector<std::shared_ptr<LinearOperator>> linear_operators() {
  const std::vector<int64_t> shape = {2, 8, 12};
  std::vector<std::shared_ptr<LinearOperator>> all;
  all.push_back(make_identity("identity", shape));
  all.push_back(make_mask("mask", shape, (normals({8, 12}, 1) > 0).to(torch::kFloat64)));
  all.push_back(make_pool("pool", shape, 4));
  all.push_back(make_blur("blur", shape, normals({5, 3}, 2), 1));
  all.push_back(make_blur("even blur", shape, normals({4, 6}, 3), 1));
  all.push_back(make_blur("decimate", shape, gaussian_kernel(5, 1.2) + 0.05 * normals({5, 5}, 4), 2));
  all.push_back(make_blur("decimate 4", shape, normals({7, 7}, 5), 4));
  all.push_back(make_separable("separable", shape, normals({5, 8}, 6), normals({14, 12}, 7)));
  all.push_back(make_separable("bicubic", shape, bicubic_matrix(8, 2), bicubic_matrix(12, 2)));
  all.push_back(make_matrix("wide", shape, normals({40, 192}, 8)));
  all.push_back(make_matrix("tall", shape, normals({230, 192}, 9)));
  return all;
}

// A over flattened samples.
Tensor dense(const LinearOperator& op) {
  const int64_t dim = c10::multiply_integers(op.info().image_shape);
  std::vector<int64_t> shape = op.info().image_shape;
  shape.insert(shape.begin(), dim);
  return op.apply(torch::eye(dim, torch::kFloat64).reshape(shape)).flatten(1).t().contiguous();
}

double largest(const Tensor& difference) { return difference.abs().max().item<double>(); }

TEST(Operators, AdjointsAreExact) {
  for (const auto& op : linear_operators()) {
    const Tensor x = batch(3, op->info().image_shape, 11), z = batch(3, op->info().measurement_shape, 12);
    const Tensor there = (op->apply(x).flatten(1) * z.flatten(1)).sum(1);
    const Tensor back = (x.flatten(1) * op->adjoint(z).flatten(1)).sum(1);
    EXPECT_LE(largest(there - back) / largest(there), 1e-12) << op->info().name;
    EXPECT_TRUE(torch::equal(op->pull_back(x, z), op->adjoint(z))) << op->info().name;
  }
}

TEST(Operators, ProxIsTheMinimiser) {
  for (const auto& op : linear_operators()) {
    const Tensor matrix = dense(*op), y = batch(2, op->info().measurement_shape, 13);
    const Tensor z = batch(2, op->info().image_shape, 14);
    for (const double rho : {1e-3, 0.3, 40.0}) {
      const Tensor normal_matrix = matrix.t().matmul(matrix) + rho * torch::eye(matrix.size(1), torch::kFloat64);
      const Tensor right = y.flatten(1).matmul(matrix) + rho * z.flatten(1);
      const Tensor expected = at::linalg_solve(normal_matrix, right.t()).t();
      const Tensor got = op->prox(y, z, torch::full({1}, rho, torch::kFloat64)).flatten(1);
      EXPECT_LE(largest(got - expected) / largest(expected), 1e-10) << op->info().name << " at " << rho;
    }
  }
}

TEST(Operators, ProxTakesOneRhoASample) {
  for (const auto& op : linear_operators()) {
    const Tensor y = batch(2, op->info().measurement_shape, 15), z = batch(2, op->info().image_shape, 16);
    const Tensor both = op->prox(y, z, torch::tensor({0.0, 2.5}, torch::kFloat64));
    const Tensor first = op->prox(y, z, torch::tensor({0.0}, torch::kFloat64));
    const Tensor second = op->prox(y, z, torch::tensor({2.5}, torch::kFloat64));
    EXPECT_LE(largest(both[0] - first[0]), 1e-12) << op->info().name;
    EXPECT_LE(largest(both[1] - second[1]), 1e-12) << op->info().name;
  }
}

TEST(Operators, PseudoInverseAndLimitsOfTheProx) {
  for (const auto& op : linear_operators()) {
    const Tensor matrix = dense(*op), y = batch(2, op->info().measurement_shape, 17);
    const Tensor z = batch(2, op->info().image_shape, 18);
    // A cut of singular values that none is near: the pseudo-inverse has no other way to be unique.
    const double cut = std::sqrt(op->smallest_eigenvalue()) / op->norm();
    const Tensor inverse = at::linalg_pinv(matrix, std::max(cut, 1e-12));
    const Tensor expected = y.flatten(1).matmul(inverse.t());
    EXPECT_LE(largest(op->pseudo_inverse(y).flatten(1) - expected) / largest(expected), 1e-10) << op->info().name;
    const Tensor at_zero = op->prox(y, z, torch::zeros({1}, torch::kFloat64));
    const Tensor held = z + op->pseudo_inverse(y - op->apply(z));
    EXPECT_LE(largest(at_zero - held), 1e-10 * std::max(1.0, largest(held))) << op->info().name;
    const Tensor at_infinity = op->prox(y, z, torch::full({1}, INFINITY, torch::kFloat64));
    EXPECT_LE(largest(at_infinity - z), 1e-15) << op->info().name;
  }
}

TEST(Operators, FunctionsOfSingularValues) {
  const auto f = [](const Tensor& a) { return 1 / (1 + 3 * a) - 0.4; };
  for (const auto& op : linear_operators()) {
    const Tensor matrix = dense(*op), x = batch(2, op->info().image_shape, 19);
    const auto [u, s, vh] = at::linalg_svd(matrix, /*full_matrices=*/true);
    Tensor values = torch::zeros({matrix.size(1)}, torch::kFloat64);
    values.narrow(0, 0, s.size(0)).copy_(s);
    const Tensor cut = torch::where(values.square() > op->smallest_eigenvalue(), values, torch::zeros_like(values));
    const Tensor expected = (x.flatten(1).matmul(vh.t()) * f(cut)).matmul(vh);
    EXPECT_LE(largest(op->of_singular_values(x, f).flatten(1) - expected), 1e-10) << op->info().name;
    EXPECT_NEAR(op->norm(), s.max().item<double>(), 1e-10 * op->norm()) << op->info().name;
  }
}

TEST(Operators, KnownPixelsAreThoseOfTheMeasurementWithoutNoise) {
  const auto op = make_mask("mask", {2, 8, 12}, (normals({8, 12}, 1) > 0).to(torch::kFloat64));
  const Tensor truth = batch(2, {2, 8, 12}, 20), y = op->apply(truth), z = batch(2, {2, 8, 12}, 21);
  const Tensor held = op->prox(y, z, torch::zeros({1}, torch::kFloat64));
  EXPECT_TRUE(torch::equal(op->apply(held), y));
  EXPECT_TRUE(torch::equal(held - op->apply(held), z - op->apply(z)));
  EXPECT_EQ(op->info().measured, 2 * (normals({8, 12}, 1) > 0).sum().item<int64_t>());
}

TEST(Operators, Float32StaysNearFloat64) {
  for (const auto& op : linear_operators()) {
    const Tensor y = batch(2, op->info().measurement_shape, 22), z = batch(2, op->info().image_shape, 23);
    const Tensor rho = torch::full({1}, 0.5, torch::kFloat64), exact = op->prox(y, z, rho);
    const Tensor single = op->prox(y.to(torch::kFloat32), z.to(torch::kFloat32), rho);
    EXPECT_EQ(single.scalar_type(), torch::kFloat32);
    EXPECT_LE(largest(single - exact), 1e-4) << op->info().name;
  }
}

TEST(Operators, PhasePullsBackItsOwnDerivative) {
  const auto op = make_phase("phase", {1, 8, 8}, 2);
  EXPECT_EQ(op->info().measurement_shape, (std::vector<int64_t>{1, 12, 12}));
  const Tensor x = batch(2, {1, 8, 8}, 24), v = batch(2, {1, 12, 12}, 25), along = batch(2, {1, 8, 8}, 26);
  const double h = 1e-6;
  const Tensor change = (op->apply(x + h * along) - op->apply(x - h * along)) / (2 * h);
  const Tensor expected = (change.flatten(1) * v.flatten(1)).sum(1);
  const Tensor got = (op->pull_back(x, v).flatten(1) * along.flatten(1)).sum(1);
  EXPECT_LE(largest(got - expected), 1e-6);
  EXPECT_LE(largest(op->pull_back(torch::zeros_like(x), v)), 0);
  EXPECT_THROW((void)require_linear(*op, "ddnm"), Error);
}

TEST(Operators, BicubicReducesConstantsAndLinesExactly) {
  const Tensor matrix = bicubic_matrix(16, 4);
  EXPECT_LE(largest(matrix.sum(1) - 1), 1e-14);
  const Tensor line = matrix.mv(torch::arange(16, torch::kFloat64));
  EXPECT_NEAR(line[1].item<double>(), 5.5, 0.5);  // the border is reflected, the middle nearly a line
  EXPECT_NEAR((line[1] + line[2]).item<double>(), 15, 1e-12);
}

TEST(Operators, KernelsSumToOne) {
  EXPECT_NEAR(gaussian_kernel(61, 3).sum().item<double>(), 1, 1e-14);
  EXPECT_NEAR(gaussian_kernel(5, 1)[2][2].item<double>() / gaussian_kernel(5, 1)[2][3].item<double>(), std::exp(0.5),
              1e-12);
  for (const double intensity : {0.0, 0.5, 1.0}) {
    const Tensor kernel = motion_kernel(61, intensity, 3);
    EXPECT_NEAR(kernel.sum().item<double>(), 1, 1e-12);
    EXPECT_GE(kernel.min().item<double>(), 0);
    EXPECT_TRUE(torch::equal(kernel, motion_kernel(61, intensity, 3)));
    EXPECT_FALSE(torch::equal(kernel, motion_kernel(61, intensity, 4)));
  }
  EXPECT_NEAR(motion_kernel(1, 0.5, 0).sum().item<double>(), 1, 1e-12);
  EXPECT_NEAR(motion_kernel(2, 0.5, 0).sum().item<double>(), 1, 1e-12);
}

// The words of the usage error, "" without one.
std::string fault_of(const std::string& text, std::vector<int64_t> shape = {1, 8, 8}) {
  try {
    (void)make_operator(text, {std::move(shape), false});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Operators, TheTableMakesEachByItsName) {
  const test::TempDir folder;
  const auto file = [&](const std::string& name, const Tensor& values) {
    write_npy(folder / name, values);
    return (folder / name).string();
  };
  const std::string mask = file("mask.npy", torch::ones({8, 8}, torch::kFloat64)),
                    k = file("k.npy", gaussian_kernel(3, 1));
  const std::string rows = file("rows.npy", normals({3, 8}, 1)), wide = file("wide.npy", normals({5, 64}, 2));
  const std::vector<std::string> texts = {"identity",
                                          "mask,keep=0.5,seed=3",
                                          "mask,box=3,margin=1",
                                          "mask,file=" + mask,
                                          "pool,factor=2",
                                          "blur,size=5,std=1",
                                          "blur,kernel=motion,size=7,seed=2",
                                          "blur,kernel=" + k,
                                          "decimate,factor=2,size=3",
                                          "bicubic,factor=2",
                                          "separable,rows=" + rows + ",columns=" + rows,
                                          "matrix,file=" + wide,
                                          "phase"};
  for (const std::string& text : texts) {
    const auto op = make_operator(text, {{1, 8, 8}, false});
    EXPECT_EQ(op->info().image_shape, (std::vector<int64_t>{1, 8, 8})) << text;
    const auto again = make_operator(op->info().name, {{1, 8, 8}, false});
    EXPECT_EQ(again->info().name, op->info().name);
    const Tensor x = batch(1, {1, 8, 8}, 3);
    EXPECT_TRUE(torch::equal(again->apply(x), op->apply(x))) << text;
  }
  EXPECT_EQ(operator_files("separable,rows=a,columns=b").size(), 2u);
  EXPECT_TRUE(operator_files("blur,kernel=motion").empty());
  EXPECT_NE(fault_of("mask,file=" + rows).find("mask is [3,8]"), std::string::npos);
  EXPECT_NE(fault_of("mask,file=" + file("half.npy", torch::full({8, 8}, 0.5))).find("other than 0 and 1"),
            std::string::npos);
  EXPECT_NE(fault_of("mask,file=" + file("none.npy", torch::zeros({8, 8}))).find("keeps no pixel"), std::string::npos);
  EXPECT_NE(fault_of("matrix,file=" + rows).find("the second of 64"), std::string::npos);
}

TEST(Operators, ScriptsArePulledBackByAutograd) {
  const test::TempDir folder;
  const auto file = [&](const std::string& name, const std::string& body) {
    return test::save_network(folder / name, "def forward(self, x):\n  " + body + "\n").string();
  };
  const OperatorRequest request{{1, 4, 4}, true};
  const std::string squares = file("squares.pt", "return (x * x)[:, :, ::2, ::2]");
  const auto op = make_operator("script,file=" + squares + ",dtype=float64", request);
  EXPECT_EQ(op->info().measurement_shape, (std::vector<int64_t>{1, 2, 2}));
  const Tensor x = batch(3, {1, 4, 4}, 1), v = batch(3, {1, 2, 2}, 2);
  EXPECT_TRUE(torch::equal(op->apply(x), x.square().slice(2, 0, 4, 2).slice(3, 0, 4, 2)));
  Tensor back = torch::zeros_like(x);
  back.slice(2, 0, 4, 2).slice(3, 0, 4, 2).copy_(v);
  EXPECT_LE(largest(op->pull_back(x, v) - 2 * x * back), 1e-15);
  // It is called with float32 unless asked otherwise, and may do what it likes to its input.
  const auto rough = make_operator("script,file=" + file("inplace.pt", "return x.mul_(2)"), request);
  const Tensor before = x.clone();
  EXPECT_LE(largest(rough->apply(x) - 2 * x), 1e-6);
  EXPECT_TRUE(torch::equal(x, before));
  EXPECT_EQ(dynamic_cast<const LinearOperator*>(op.get()), nullptr);

  const auto fault = [&](const std::string& path, bool trust = true) {
    return std::string(test::error_of([&] { (void)make_operator("script,file=" + path, {{1, 4, 4}, trust}); })->what());
  };
  EXPECT_NE(fault(squares, false).find("--trust"), std::string::npos);
  EXPECT_NE(fault(file("sum.pt", "return x.sum()")).find("a row of numbers for each of 2 images"), std::string::npos);
  EXPECT_NE(fault(file("two.pt", "return x, x")).find("expected one tensor"), std::string::npos);
  EXPECT_NE(fault(file("nan.pt", "return x / 0 * 0")).find("NaN or infinite"), std::string::npos);
  EXPECT_NE(fault(file("ints.pt", "return (x > 0).long()")).find("expected floating point"), std::string::npos);
  EXPECT_NE(fault(file("step.pt", "return (x > 0).float()")).find("no gradient"), std::string::npos);
  EXPECT_NE(fault((folder / "none.pt").string()).find("none.pt"), std::string::npos);
  EXPECT_NE(fault_of("script").find("needs file=FILE.pt"), std::string::npos);
}

TEST(Operators, FaultsAreNamed) {
  EXPECT_NE(fault_of("blurr").find("did you mean 'blur'"), std::string::npos);
  EXPECT_NE(fault_of("blur").find("kernel is [61,61], the images are [1,8,8]"), std::string::npos);
  EXPECT_NE(fault_of("mask").find("one of file=FILE.npy, keep=SHARE and box=SIDE"), std::string::npos);
  EXPECT_NE(fault_of("mask,keep=0").find("above 0"), std::string::npos);
  EXPECT_NE(fault_of("mask,box=7,margin=2").find("does not fit"), std::string::npos);
  EXPECT_NE(fault_of("pool,factor=3").find("do not divide"), std::string::npos);
  EXPECT_NE(fault_of("bicubic,factor=5").find("does not divide"), std::string::npos);
  EXPECT_NE(fault_of("blur,kernel=motion,std=2").find("std goes with kernel=gaussian"), std::string::npos);
  EXPECT_NE(fault_of("identity,factor=2").find("takes no options"), std::string::npos);
  EXPECT_NE(fault_of("pool,factor=2", {2}).find("samples are [2]"), std::string::npos);
  EXPECT_NE(fault_of("separable").find("needs rows=FILE.npy"), std::string::npos);
  const auto op = make_pool("pool", {1, 8, 8}, 2);
  EXPECT_THROW((void)op->apply(torch::zeros({1, 1, 8, 4}, torch::kFloat64)), Error);
  EXPECT_THROW((void)op->adjoint(torch::zeros({1, 1, 8, 8}, torch::kFloat64)), Error);
}

}  // namespace
}  // namespace farfield
