#include "analysis/features/feature_arrays.h"

#include <cstring>

#include <fmt/format.h>

#include "core/error.h"
#include "core/io/tensor_bytes.h"

namespace farfield {

torch::Tensor contract_array(const FeatureContract& contract) {
  const std::string json = contract_json(contract);
  torch::Tensor bytes = torch::empty({static_cast<int64_t>(json.size())}, torch::kUInt8);
  std::memcpy(bytes.data_ptr(), json.data(), json.size());
  return bytes;
}

FeatureContract stored_contract(const NpzReader& reader, int64_t dim) {
  constexpr const char* kContract = "contract";
  FeatureContract contract;
  if (reader.has(kContract)) {
    const torch::Tensor bytes = reader.numbers(kContract);
    if (bytes.scalar_type() != torch::kUInt8 || bytes.dim() != 1)
      throw bad_file(reader.where(kContract), "expected the bytes of a contract, uint8 [n]");
    contract = parse_contract(std::string(text_of(bytes)), reader.where(kContract));
    if (contract.dim != 0 && contract.dim != dim)  // 0: nobody said
      throw bad_file(reader.where(kContract),
                     fmt::format("promises features of {} numbers, the file has {}", contract.dim, dim));
  }
  contract.dim = dim;
  return contract;
}

}  // namespace farfield
