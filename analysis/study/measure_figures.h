#pragma once

#include <string>
#include <vector>

#include "analysis/page/figure_table.h"
#include "analysis/study/study_curves.h"

namespace farfield {

// What a study's measures against data add to its answer: the best by the first of them, and whether rms ranks alike.
std::string measure_answer(const StudyStory& story);

// Their figures: each measure over the evaluations, and over the level of the teleport where levels were left out; and how far
// rms and the measures rank the runs alike (agreement.csv). None without measures.
std::vector<FigureRow<StudyStory>> measure_figures(const StudyStory& story);

}  // namespace farfield
