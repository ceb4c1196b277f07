// Copyright 2026 The emotion_recognition authors
//
// Licensed under the Apache License, Version 2.0 (the "License");
// you may not use this file except in compliance with the License.
// You may obtain a copy of the License at
//
//     http://www.apache.org/licenses/LICENSE-2.0
//
// Unless required by applicable law or agreed to in writing, software
// distributed under the License is distributed on an "AS IS" BASIS,
// WITHOUT WARRANTIES OR CONDITIONS OF ANY KIND, either express or implied.
// See the License for the specific language governing permissions and
// limitations under the License.

// Fills the messages and prints what a consumer reads of them.
#include <emotion_recognition/msg/emotion_state.hpp>
#include <emotion_recognition/msg/model_info.hpp>
#include <rosidl_typesupport_cpp/message_type_support.hpp>

#include <cmath>
#include <iostream>

int main()
{
  using emotion_recognition::msg::EmotionState;
  EmotionState state;
  state.subject = "front/3";
  state.labels = {"happy", "sad"};
  state.probabilities = {0.7f, 0.3f};
  state.emotion = "happy";
  state.confidence = 0.7f;
  state.valence = NAN;
  state.flags = EmotionState::NO_SPEECH | EmotionState::WITHHELD;

  emotion_recognition::msg::ModelInfo info;
  info.labels = state.labels;

  // The libraries link, too: a node publishes by this handle.
  const auto * support =
    rosidl_typesupport_cpp::get_message_type_support_handle<EmotionState>();

  std::cout << "subject " << state.subject << ", " << state.emotion << ' ' << state.confidence <<
    ", flags " << static_cast<int>(state.flags) <<
    ", withheld " << ((state.flags & EmotionState::WITHHELD) != 0) <<
    ", stale " << ((state.flags & EmotionState::AUDIO_STALE) != 0) <<
    ", valence known " << !std::isnan(state.valence) <<
    ", labels " << info.labels.size() <<
    ", support " << support->typesupport_identifier << '\n';
  return 0;
}
