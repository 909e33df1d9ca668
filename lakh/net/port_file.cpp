#include <lakh/core/error.hpp>
#include <lakh/net/port_file.hpp>

#include <fstream>
#include <system_error>

namespace lakh::net {

void write_port_file(const std::filesystem::path& file, std::uint16_t port) {
  std::filesystem::path part = file;
  part += ".part";
  std::ofstream out(part);
  out << port << '\n';
  out.close();
  std::error_code failure;
  if (out) std::filesystem::rename(part, file, failure);
  if (!out || failure)
    throw storage_error(failure ? failure : make_error_code(errc::storage_failure),
                        file.string() + ": the port could not be written",
                        "check that its folder exists and that you may write there");
}

}  // namespace lakh::net
