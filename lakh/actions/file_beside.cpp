#include <lakh/actions/file_beside.hpp>

#include <fstream>
#include <sstream>
#include <utility>

namespace lakh::actions {

std::string read_file_beside(const std::filesystem::path& folder, const config& setting, const std::string& name) {
  const std::filesystem::path path = folder / setting.text(name);  // an absolute name stays as it is
  std::error_code code;
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  const bool readable = file && !std::filesystem::is_directory(path, code);
  if (readable) content << file.rdbuf();  // fails where there is nothing in it
  if (!readable || (!content && file.peek() != std::ifstream::traits_type::eof()))
    setting.fail("cannot read '" + path.string() + "'", "does the file exist, and may you read it?");
  return std::move(content).str();
}

}  // namespace lakh::actions
