// Two streams connected to each other in memory, on one loop: for tests of protocols without a network.
#pragma once

#include <lakh/net/stream.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace lakh::net {

// `capacity` bytes fit between writer and reader in each direction; a writer waits when they are used up.
std::pair<std::unique_ptr<stream>, std::unique_ptr<stream>> memory_pair(std::size_t capacity = 64 * 1024);

}  // namespace lakh::net
