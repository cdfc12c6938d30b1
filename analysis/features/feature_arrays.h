#pragma once

#include <cstdint>

#include <torch/types.h>

#include "analysis/features/feature_contract.h"
#include "core/io/npz_reader.h"

namespace farfield {

// The contract as an array of an .npz: the bytes of its JSON, uint8.
torch::Tensor contract_array(const FeatureContract& contract);
// Array `contract` of a file of features of `dim` numbers; one that is not known where it has none. bad_file where it is no
// contract, or one of another dimension.
FeatureContract stored_contract(const NpzReader& reader, int64_t dim);

}  // namespace farfield
