#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <torch/types.h>

#include "core/data/left_out.h"

namespace farfield {

// What a reader made of the files, for records and for `data stats`.
struct DataNotes {
  std::vector<std::string> label_names;  // of labels that are texts: class i is label_names[i]; UTF-8
  std::vector<std::string> conversions;  // "OPTION=VALUE: what it did", in order
  LeftOutList left_out;                  // what was found beside the samples and not taken
};

struct DataInfo {
  std::string name;            // the SRC text it was opened with
  std::vector<int64_t> shape;  // of one sample: [C,H,W], or [d] for points
  int64_t count = 0;
  int64_t label_dim = 0;    // 0: no labels
  bool eight_bit = false;   // images of bytes
  std::string fingerprint;  // SHA-256 over the decoded bytes, labels and shape
  DataNotes notes;
};

// A data set held in memory: images as uint8, everything else as float32. Immutable; safe to read from many threads.
class DataSource {
 public:
  // images: [N,C,H,W] uint8, or float32 of any sample shape (finite values, checked here: bad_file naming the first
  // bad sample). labels: [N] int64 in [0, label_dim), or undefined.
  DataSource(std::string name, torch::Tensor samples, torch::Tensor labels, int64_t label_dim, DataNotes notes = {});

  const DataInfo& info() const { return info_; }
  // Samples `first` ... `first + count - 1` (or those in `index`, int64 [B]) as float32 in [-1, 1] for images,
  // [B, ...shape]. EDM's mapping byte / 127.5 - 1.
  torch::Tensor rows(int64_t first, int64_t count) const;
  torch::Tensor rows(const torch::Tensor& index) const;
  torch::Tensor labels() const { return labels_; }          // [N] int64 or undefined
  torch::Tensor one_hot(const torch::Tensor& index) const;  // [B, label_dim] float32; undefined without labels

 private:
  DataInfo info_;
  torch::Tensor samples_, labels_;
};

// Opens SRC, the one string form of every command; options follow commas, paths as core/source_form.h says:
//   mnist:DIR[,pad=32][,split=train|test]          idx files, plain or .gz
//   cifar:DIR[,split=train|test]                   CIFAR-10 binary batches
//   samples:RUN[,key=NAME]                         what `sample` left, in one file or in shards
//   FILE.zip | DIR [,skip-bad=yes][,exif=apply|ignore][,folder-labels=yes]   EDM data set (images + dataset.json), or images without labels
//   FILE.npy | FILE.npz[,key=NAME][,label-key=NAME]   uint8 [N,H,W,C], or float [N,...]; [,layout=nchw|nhwc][,range=LOW..HIGH]
//   glyphs[,size=16][,count=4096][,seed=0]         procedural digits with labels, made here
//   moons | rings | swissroll | checkerboard | grid [,count=2048][,seed=0]    2-D points, no labels
// Every form takes labels=no, first=N and subset=N[,subset_seed=0] (core/data/subset.h), those with images channels=grey|rgb,
// crop=square|N|HxW and resize=N|HxW, done in this order.
// What was found and not taken is in notes.left_out, and one warning a kind says so.
// usage_error for an unknown form or option, io_error / bad_file for what is in the files.
std::shared_ptr<const DataSource> open_data(std::string_view src);

// The text of the list above, for --help and error messages.
std::string data_source_help();

// What may stand before a colon in SRC ("mnist"), and every key of an option that some form takes.
const std::vector<std::string>& data_source_prefixes();
const std::vector<std::string>& data_source_option_keys();

}  // namespace farfield
