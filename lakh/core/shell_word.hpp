// A word as a POSIX shell reads it back: for command lines that a person is shown and may copy.
//
//   shell_word("plain-1.txt")  →  plain-1.txt          shell_word("it's $HOME")  →  'it'\''s $HOME'
#pragma once

#include <string>
#include <string_view>

namespace lakh {

std::string shell_word(std::string_view text);

}  // namespace lakh
