#pragma once

#include <string>
#include <string_view>

namespace farfield {

// Text for the content or a quoted attribute of an HTML element: printable, and & < > " ' become entities.
std::string escape_html(std::string_view text);

// RFC 4648, with padding, no line breaks.
std::string base64(std::string_view bytes);

// JSON that may stand inside a <script> element: every '<' becomes \u003c, which means the same inside a string.
std::string json_for_script(std::string_view json);

}  // namespace farfield
