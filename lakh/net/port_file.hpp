// How a server that was given port 0 tells a script which port it is.
#pragma once

#include <cstdint>
#include <filesystem>

namespace lakh::net {

// A line with the number. Written whole or not at all: whoever waits for the file never reads half a number. Throws
// storage_error.
void write_port_file(const std::filesystem::path& file, std::uint16_t port);

}  // namespace lakh::net
