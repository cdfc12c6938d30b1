#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "core/data/source.h"

namespace farfield {

// The seam between open_data's table and the readers: what SRC asked for, and what a reader gives back.

// SRC taken apart: "mnist:DIR,pad=32" has the path DIR and the option pad.
class SourceRequest {
 public:
  SourceRequest(std::string text, std::string path, std::map<std::string, std::string> options);

  const std::string& text() const { return text_; }
  const std::string& path() const { return path_; }  // "" for the generated kinds
  bool has(std::string_view key) const;
  // The option's value, or `fallback`; usage_error for a value of the wrong kind or out of range.
  std::string word(std::string_view key, const std::string& fallback) const;
  std::string choice(std::string_view key, const std::string& fallback, const std::vector<std::string>& allowed) const;
  int64_t integer(std::string_view key, int64_t fallback, int64_t low, int64_t high) const;
  bool flag(std::string_view key, bool fallback) const;  // yes | no
  // Samples wanted at most (first=N); a reader may stop there, open_data cuts the rest off.
  int64_t first() const;
  bool wants_labels() const;
  // The same request of another file.
  SourceRequest at(std::string path) const { return {text_, std::move(path), options_}; }

 private:
  std::string text_, path_;
  std::map<std::string, std::string> options_;
};

struct RawSamples {
  torch::Tensor samples;  // as DataSource takes them
  torch::Tensor labels;   // [N] int64, or undefined
  int64_t label_dim = 0;
  DataNotes notes{};
  std::vector<std::string> warnings{};  // each said once, however often a command opens the data
};

// Every reader checks before it allocates: a data set has at most limits::kMostBytes decoded, and its classes are
// 0 ... limits::kMostClasses - 1.
RawSamples read_mnist(const SourceRequest& request);
RawSamples read_cifar(const SourceRequest& request);
RawSamples read_image_zip(const SourceRequest& request);
RawSamples read_image_folder(const SourceRequest& request);
RawSamples read_npy_samples(const SourceRequest& request);
RawSamples read_npz_samples(const SourceRequest& request);
RawSamples read_sample_run(const SourceRequest& request);
RawSamples draw_glyphs(const SourceRequest& request);
RawSamples make_moons(const SourceRequest& request);
RawSamples make_rings(const SourceRequest& request);
RawSamples make_swissroll(const SourceRequest& request);
RawSamples make_checkerboard(const SourceRequest& request);
RawSamples make_grid(const SourceRequest& request);

}  // namespace farfield
