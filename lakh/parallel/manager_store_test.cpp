#include <lakh/core/error.hpp>
#include <lakh/parallel/manager_for_test.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

namespace {

using namespace lakh;
using namespace lakh::manager_test;
using namespace std::chrono_literals;
using testing::ElementsAre;

TEST(manager, keeps_dicts) {
  const running_manager server;
  manager_client client = server.client();
  manager_dict dict = client.dict("settings");
  EXPECT_EQ(dict.get("a"), std::nullopt);
  dict.set("a", integer(1));
  dict.set("b", std::string("\0bytes\xff", 7));
  dict.set("c", 2.5);
  dict.set("d", true);
  EXPECT_EQ(dict.get("a"), manager_value(integer(1)));
  EXPECT_EQ(text_in(dict.get("b")), std::string("\0bytes\xff", 7));
  EXPECT_EQ(dict.size(), 4U);
  EXPECT_EQ(dict.add("a", 41), 42);
  EXPECT_EQ(dict.add("new", -1), -1);
  EXPECT_THROW(dict.add("b", 1), input_error);
  dict.set("most", std::numeric_limits<std::int64_t>::max());
  EXPECT_THROW(dict.add("most", 1), input_error);
  EXPECT_TRUE(dict.replace("a", integer(42), integer(43)));
  EXPECT_FALSE(dict.replace("a", integer(42), integer(44)));
  EXPECT_FALSE(dict.replace("a", std::nullopt, integer(44)));
  EXPECT_TRUE(dict.replace("z", std::nullopt, manager_value()));
  EXPECT_TRUE(dict.erase("most"));
  EXPECT_FALSE(dict.erase("most"));
  std::vector<std::string> keys;
  for (const auto& [name, value] : dict.items()) keys.push_back(name);
  EXPECT_THAT(keys, ElementsAre("a", "b", "c", "d", "new", "z"));
  EXPECT_EQ(server.client().dict("another").size(), 0U);
}

TEST(manager, keeps_lists_and_counters) {
  const running_manager server;
  manager_client client = server.client();
  manager_list list = client.list("steps");
  EXPECT_EQ(list.push_back("b"), 1U);
  EXPECT_EQ(list.push_back("c"), 2U);
  EXPECT_EQ(list.push_front("a"), 3U);
  EXPECT_EQ(text_in(list.get(1)), "b");
  EXPECT_EQ(list.get(3), std::nullopt);
  EXPECT_TRUE(list.set(1, "B"));
  EXPECT_FALSE(list.set(3, "D"));
  EXPECT_THAT(list.items(), ElementsAre(manager_value("a"), manager_value("B"), manager_value("c")));
  EXPECT_EQ(text_in(list.pop_front()), "a");
  EXPECT_EQ(text_in(list.pop_back()), "c");
  EXPECT_EQ(text_in(list.pop_back()), "B");
  EXPECT_EQ(list.pop_back(), std::nullopt);
  EXPECT_EQ(list.size(), 0U);

  manager_counter counter = client.counter("hits");
  EXPECT_EQ(counter.add(), 1);
  EXPECT_EQ(counter.add(-5), -4);
  counter.set(100);
  EXPECT_EQ(client.counter("hits").get(), 100);
}

TEST(manager, hands_out_large_collections_in_pages) {
  const running_manager server(manager_limits().message(4096));
  manager_client client(server.where(), key, 4096);
  manager_dict dict = client.dict("large");
  manager_list list = client.list("large");
  for (int i = 0; i < 100; ++i) {
    dict.set(std::to_string(1000 + i), std::string(300, 'x'));
    list.push_back(integer(i));
  }
  const auto entries = dict.items();
  ASSERT_EQ(entries.size(), 100U);
  EXPECT_EQ(entries.front().first, "1000");
  EXPECT_EQ(entries.back().first, "1099");
  const auto values = list.items();
  ASSERT_EQ(values.size(), 100U);
  EXPECT_EQ(values.back(), manager_value(integer(99)));
}

TEST(manager, carries_out_what_many_processes_ask_for_one_after_the_other) {
  const net::endpoint at = fresh_name();
  forked server = manager_in_a_process(at);
  std::vector<forked> children;
  for (int i = 0; i < 3; ++i)
    children.emplace_back([&] {
      manager_client client(at, key);
      manager_counter counter = client.counter("sum");
      manager_dict dict = client.dict("sums");
      for (int n = 0; n < 200; ++n) {
        counter.add();
        dict.add("one", 2);
        // What is no single call stands under a lock.
        const manager_hold alone = client.lock("twice").take();
        const std::int64_t before = client.counter("read").get();
        client.counter("read").set(before + 1);
      }
      return 0;
    });
  for (forked& child : children) EXPECT_EQ(child.wait(), 0);
  manager_client client(at, key);
  EXPECT_EQ(client.counter("sum").get(), 600);
  EXPECT_EQ(client.dict("sums").get("one"), manager_value(integer(1200)));
  EXPECT_EQ(client.counter("read").get(), 600);
}

TEST(manager, says_that_it_is_full_and_has_room_again) {
  running_manager server(manager_limits().memory(10'000));
  {
    manager_client client = server.client();
    manager_dict dict = client.dict("d");
    int kept = 0;
    std::error_code code;
    try {
      for (; kept < 100; ++kept) dict.set(std::to_string(kept), std::string(1000, 'x'));
    } catch (const error& e) {
      code = e.code();
    }
    EXPECT_EQ(code, errc::too_large);
    EXPECT_GT(kept, 5);
    EXPECT_LT(kept, 10);
    EXPECT_THROW(client.list("l").push_back(std::string(5000, 'x')), error);
    EXPECT_TRUE(dict.erase("0"));
    dict.set("again", std::string(900, 'x'));
    dict.set("again", "small");
    EXPECT_TRUE(client.forget("d"));
    EXPECT_FALSE(client.forget("l"));
    manager_queue queue = client.queue("q");
    queue.push(std::string(3000, 'x'));
    queue.push(std::string(3000, 'x'));
    EXPECT_THROW(queue.push(std::string(4000, 'x')), error);
    (void)queue.pop();
    queue.push(std::string(3000, 'x'));
    EXPECT_TRUE(client.forget("q"));
    EXPECT_FALSE(client.forget("q"));
    const manager_hold held = client.lock("m").take();
  }
  server.stop();
  EXPECT_EQ(server.memory(), 0U);
}

TEST(manager, asking_makes_nothing_and_what_is_empty_is_not_there) {
  running_manager server(manager_limits().memory(1000));
  manager_client client = server.client();
  EXPECT_THROW(client.dict("filler").set("x", std::string(2000, 'x')), error);
  client.dict("filler").set("x", std::string(700, 'x'));
  manager_dict dict = client.dict("a");
  manager_list list = client.list("a");
  EXPECT_THROW(list.push_back("x"), error);  // there is no memory for another name
  EXPECT_EQ(dict.get("x"), std::nullopt);
  EXPECT_EQ(dict.size(), 0U);
  EXPECT_TRUE(dict.items().empty());
  EXPECT_FALSE(dict.erase("x"));
  EXPECT_FALSE(dict.replace("x", integer(1), integer(2)));
  EXPECT_EQ(list.get(0), std::nullopt);
  EXPECT_EQ(list.pop_front(), std::nullopt);
  EXPECT_EQ(list.pop_back(), std::nullopt);
  EXPECT_FALSE(list.set(0, "x"));
  EXPECT_EQ(list.size(), 0U);
  EXPECT_TRUE(list.items().empty());
  EXPECT_EQ(client.counter("a").get(), 0);
  EXPECT_EQ(client.queue("a").size(), 0U);
  EXPECT_FALSE(client.forget("a"));

  EXPECT_TRUE(client.forget("filler"));
  dict.set("x", integer(1));
  EXPECT_TRUE(dict.erase("x"));
  list.push_back("x");
  EXPECT_NE(list.pop_back(), std::nullopt);
  EXPECT_FALSE(client.forget("a"));
  client.counter("a").set(0);
  EXPECT_TRUE(client.forget("a"));
  server.stop();
  EXPECT_EQ(server.memory(), 0U);
}

}  // namespace
