#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/source_form.h"

namespace farfield {

// MODEL, the one text form of everything that can denoise, taken apart:
//   KIND[:SRC][,option=value...]   a kind of reference_table(), fitted here and now to SRC, or without SRC to the data of
//                                  the command (--data). Options of the kind may stand anywhere after SRC's path; what is
//                                  none of any kind's is SRC's.
//   PATH[,KEY=VALUE...]            a file or folder, as core/source_form.h says. What exists is taken first, if it is longer
//                                  than the word KIND: a file called as a kind is written ./gaussian.
struct ModelForm {
  std::string kind;                            // "": a file or folder
  std::optional<SourceForm> source;            // SRC; of a file or folder: its path and options
  std::map<std::string, std::string> options;  // of the kind
  bool old_spelling = false;  // written as version 0.1 had it: gaussian:64, mixture:10:32, mixture:classes
  bool operator==(const ModelForm& other) const {
    return kind == other.kind && source == other.source && options == other.options;
  }
};

// usage_error for an option that neither the kind nor any data source has, one given twice, a kind without the SRC that its
// colon announces, old and new spelling mixed, and quotes that are not well formed.
ModelForm parse_model(std::string_view text);

// The canonical text: parse_model(to_text(form)) == form, for any bytes in paths and values.
std::string to_text(const ModelForm& form);

}  // namespace farfield
