#pragma once

#include <string>

#include "core/data/readers.h"
#include "core/io/npz.h"

namespace farfield {

// Fills labels, label_dim and notes.label_names of `raw`, whose samples are there, from an array as people keep classes in:
//   [N], [N,1], ...   whole numbers from 0 to limits::kMostClasses - 1 of any dtype; label_dim is the highest + 1
//   [N,K]             one-hot rows of any dtype; label_dim is K
//   [N], [N,1], ...   texts: the classes are the different ones in sorted order
// Whole numbers that are all -1 are no labels (what `sample` writes for models without). bad_file naming `where`, with the
// first entry that does not fit, for anything else.
void take_array_labels(const NpyContent& array, const std::string& where, RawSamples& raw);

}  // namespace farfield
