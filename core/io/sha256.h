#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

struct evp_md_ctx_st;

namespace farfield {

// The SHA-256 of bytes that arrive in parts; core/io/file.h has it of what is whole.
class Sha256 {
 public:
  Sha256();
  void add(std::span<const std::byte> bytes);
  std::string hexadecimal();  // lower case; the last call

 private:
  std::unique_ptr<evp_md_ctx_st, void (*)(evp_md_ctx_st*)> context_;
};

}  // namespace farfield
