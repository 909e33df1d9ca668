#include "report_files.hpp"

#include <lakh/core/error.hpp>

#include <fstream>

#include <unistd.h>

namespace lakh::cli {

void write_whole(const std::filesystem::path& file, std::string_view text) {
  const std::filesystem::path draft = file.string() + ".part-" + std::to_string(::getpid());
  std::error_code code;
  {
    std::ofstream out(draft, std::ios::binary | std::ios::trunc);
    out.write(text.data(), static_cast<std::streamsize>(text.size()));
    out.close();
    if (!out) code = std::error_code(errno == 0 ? EIO : errno, std::generic_category());
  }
  if (!code) std::filesystem::rename(draft, file, code);
  if (code) {
    std::error_code ignored;
    std::filesystem::remove(draft, ignored);
    throw storage_error(code, file.string() + ": cannot write it: " + code.message(),
                        "choose another place with -o, or free the disk");
  }
}

}  // namespace lakh::cli
