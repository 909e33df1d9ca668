# How a room (one folder of lakh/) becomes a static library, its tests, and a part of the package.

add_library(lakh_options INTERFACE)
target_compile_features(lakh_options INTERFACE cxx_std_23)
target_include_directories(lakh_options INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}> $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_link_libraries(lakh_options INTERFACE Threads::Threads)

# Flags for our own sources only: a user of the package keeps his own.
add_library(lakh_private INTERFACE)
target_compile_options(lakh_private INTERFACE -Wall -Wextra -Wpedantic)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  # g++ 12 also finds fault with constructor parameters named as members, and with protected destructors of friends.
  target_compile_options(lakh_private INTERFACE -Wshadow -Wnon-virtual-dtor -Wthread-safety -Wno-gnu-zero-variadic-macro-arguments)
endif()
target_compile_definitions(lakh_private INTERFACE
  BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_DISABLE_BOOST_COROUTINE)

if(LAKH_SANITIZE)
  add_compile_options(-fsanitize=${LAKH_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  add_link_options(-fsanitize=${LAKH_SANITIZE})
endif()
if(LAKH_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  find_program(LAKH_LLD NAMES ld.lld-19 ld.lld)
  if(LAKH_LLD)
    add_link_options(-fuse-ld=lld)
  endif()
endif()

# lakh_room(NAME [ASIO] SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...] [TESTS a_test.cpp ...] [TEST_LINK lib ...])
#   Makes the library lakh_NAME (alias lakh::NAME). PUBLIC names rooms below and libraries seen in headers.
#   ASIO says that its sources include Asio: they share one precompiled header.
#   TESTS become one program, lakh_NAME_test, run by ctest with the label `unit`; it links this room and what it names,
#   nothing above it, so that an upward call does not link.
function(lakh_room name)
  cmake_parse_arguments(ROOM "ASIO" "" "SOURCES;PUBLIC;PRIVATE;TESTS;TEST_LINK" ${ARGN})
  set(target lakh_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  add_library(lakh::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PUBLIC lakh_options ${ROOM_PUBLIC} PRIVATE $<BUILD_INTERFACE:lakh_private> ${ROOM_PRIVATE})
  if(ROOM_ASIO AND LAKH_PCH)
    target_precompile_headers(${target} PRIVATE ${PROJECT_SOURCE_DIR}/cmake/asio_pch.hpp)
  endif()
  set_property(GLOBAL APPEND PROPERTY LAKH_ROOMS ${target})
  if(LAKH_TESTS AND ROOM_TESTS)
    add_executable(${target}_test ${ROOM_TESTS})
    target_link_libraries(${target}_test PRIVATE ${target} lakh_private ${ROOM_TEST_LINK} GTest::gmock GTest::gtest_main)
    add_test(NAME unit_${name} COMMAND ${target}_test)
    set_tests_properties(unit_${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()
