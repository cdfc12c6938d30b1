#include "core/io/sha256.h"

#include <algorithm>
#include <vector>

#include <fmt/format.h>
#include <openssl/evp.h>

#include "core/error.h"
#include "core/io/file.h"
#include "core/io/input_file.h"

namespace farfield {

Sha256::Sha256() : context_(EVP_MD_CTX_new(), EVP_MD_CTX_free) {
  check(context_ != nullptr && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1, "OpenSSL offers SHA-256");
}

void Sha256::add(std::span<const std::byte> bytes) {
  check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1, "SHA-256 takes bytes");
}

std::string Sha256::hexadecimal() {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  check(EVP_DigestFinal_ex(context_.get(), digest, &length) == 1, "SHA-256 ends");
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += fmt::format("{:02x}", digest[i]);
  return text;
}

std::string sha256(std::span<const std::byte> bytes) {
  Sha256 hash;
  hash.add(bytes);
  return hash.hexadecimal();
}

std::string sha256(std::string_view text) { return sha256(std::as_bytes(std::span(text))); }

std::string sha256_file(const std::filesystem::path& path) {
  constexpr uint64_t kBlock = uint64_t{1} << 20;
  const InputFile file(path);
  std::vector<std::byte> block(std::min(kBlock, file.size()));
  Sha256 hash;
  for (uint64_t offset = 0; offset < file.size(); offset += block.size()) {
    const auto part = std::span(block).first(std::min<uint64_t>(block.size(), file.size() - offset));
    file.read(offset, part);
    hash.add(part);
  }
  return hash.hexadecimal();
}

}  // namespace farfield
