#pragma once

#include <cstdint>
#include <string_view>

#include <torch/types.h>

namespace farfield {

// Words in pictures, in the image library's plain strokes: ASCII; σ, Δ, α and ε are spelled out ("sigma"), any other
// character is '?'.
inline constexpr int64_t kTextHeight = 16;  // pixels of a line, with its descenders
int64_t text_width(std::string_view text);  // pixels

// Draws `text` in black into `picture`, contiguous uint8 [H,W,C] on the CPU, from the left upper corner (left, top) of
// its line on; what lies outside is cut off.
void draw_text(torch::Tensor picture, std::string_view text, int64_t left, int64_t top);

}  // namespace farfield
