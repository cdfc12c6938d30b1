#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/option_values.h"
#include "models/operators/operator.h"

namespace farfield {

// What an operator is made for, and with which leave.
struct OperatorRequest {
  std::vector<int64_t> shape;  // one image's [C,H,W], or [d]
  bool trust = false;          // load files that run code
};

// A row of the table of operators.
struct OperatorEntry {
  std::string name, summary;
  std::vector<std::string> options;  // "factor=", "kernel=gaussian|motion|FILE.npy"
  bool images;                       // samples must be [C,H,W]
  std::function<std::unique_ptr<Operator>(const OptionValues&, const OperatorRequest&)> make;
};

const std::vector<OperatorEntry>& operator_table();
std::vector<std::string> operator_names();
// One line an operator: name, summary, options.
std::string operator_help();

// The operator of NAME[,option=value...]: "mask,keep=0.5,seed=1", "blur,kernel=k.npy". usage_error for what does not fit the
// table, the range of an option or the shape of the images; bad_file and io_error for its files.
std::unique_ptr<Operator> make_operator(std::string_view text, const OperatorRequest& request);
// The files that the text names, for run.json.
std::vector<std::filesystem::path> operator_files(std::string_view text);

}  // namespace farfield
