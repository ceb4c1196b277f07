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

// Reacts to what a person seems to feel.
#include <emotion_recognition/msg/emotion_state.hpp>
#include <rclcpp/rclcpp.hpp>

#include <memory>

using emotion_recognition::msg::EmotionState;

class EmotionListener : public rclcpp::Node
{
public:
  EmotionListener()
  : Node("emotion_listener"), least_(declare_parameter("confidence", 0.6))
  {
    subscription_ = create_subscription<EmotionState>(
      "emotion", 10, [this](const EmotionState & state) {react(state);});
  }

private:
  void react(const EmotionState & state)
  {
    if (state.probabilities.empty() || state.flags & EmotionState::WITHHELD) {
      return;  // nothing is known, or too uncertain to act on
    }
    if (state.emotion == "sad" && state.confidence >= least_) {
      const char * who = state.subject.empty() ? "they" : state.subject.c_str();
      RCLCPP_INFO(get_logger(), "%s: seems sad (%.2f), speak softly", who, state.confidence);
    }
  }

  double least_;
  rclcpp::Subscription<EmotionState>::SharedPtr subscription_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<EmotionListener>());
  rclcpp::shutdown();
}
