#include <lakh/core/error.hpp>
#include <lakh/net/endpoint.hpp>

#include <gtest/gtest.h>

namespace {

using lakh::net::endpoint;

TEST(endpoint, reads_every_form_and_writes_it_back) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:443", "localhost:1", ":8080", "unix:/run/shop.sock", "unix:@shop"})
    EXPECT_EQ(endpoint::parse(text).text(), text);
  EXPECT_EQ(endpoint::parse("[::1]:443").host(), "::1");
  EXPECT_EQ(endpoint::parse("unix:/a").kind(), endpoint::family::unix_domain);
  EXPECT_EQ(endpoint::parse("unix:@a").path(), std::string("\0a", 2));
}

TEST(endpoint, refuses_what_it_cannot_mean) {
  for (const char* text :
       {"", "8080", "host:", "host:65536", "host:-1", "host:80x", "::1:80", "[::1]", "[::1:80", "unix:"})
    EXPECT_THROW(endpoint::parse(text), lakh::input_error) << text;
  EXPECT_THROW(endpoint::parse("unix:" + std::string(108, 'x')), lakh::input_error);
}

}  // namespace
