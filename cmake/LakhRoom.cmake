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

# Two precompiled headers: one for what becomes a library, which is position-independent, and one for tests. Each belongs to
# a target without a source of its own, which the others borrow it from.
if(LAKH_PRECOMPILED_HEADERS)
  file(CONFIGURE OUTPUT ${PROJECT_BINARY_DIR}/pch.cpp CONTENT "")
  add_library(lakh_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
  set_target_properties(lakh_pch PROPERTIES POSITION_INDEPENDENT_CODE ON)
  target_precompile_headers(lakh_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/pch.hpp)
  target_link_libraries(lakh_pch PRIVATE lakh_options lakh_private)
  if(LAKH_TESTS)
    add_library(lakh_test_pch OBJECT ${PROJECT_BINARY_DIR}/pch.cpp)
    target_precompile_headers(lakh_test_pch PRIVATE ${PROJECT_SOURCE_DIR}/cmake/test_pch.hpp)
    target_link_libraries(lakh_test_pch PRIVATE lakh_options lakh_private GTest::gmock)
  endif()
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # With a date inside, it would be another one for ccache each time.
    target_compile_options(lakh_private INTERFACE "SHELL:-Xclang -fno-pch-timestamp")
  endif()
endif()

# lakh_precompiled(TARGET PCH)
#   Sources of TARGET read the precompiled header of PCH, lakh_pch or lakh_test_pch, where one is built. TARGET links
#   lakh_private, and is position-independent as PCH is.
function(lakh_precompiled target pch)
  if(LAKH_PRECOMPILED_HEADERS)
    target_precompile_headers(${target} REUSE_FROM ${pch})
  endif()
endfunction()

# lakh_room(NAME SOURCES a.cpp ... [PUBLIC lib ...] [PRIVATE lib ...] [TESTS a_test.cpp ...] [TEST_LINK lib ...])
#   Makes the library lakh_NAME (alias lakh::NAME). PUBLIC names rooms below and libraries seen in headers.
#   TESTS become one program, lakh_NAME_test, run by ctest with the label `unit`; it links this room and what it names,
#   nothing above it, so that an upward call does not link.
function(lakh_room name)
  cmake_parse_arguments(ROOM "" "" "SOURCES;PUBLIC;PRIVATE;TESTS;TEST_LINK" ${ARGN})
  set(target lakh_${name})
  add_library(${target} STATIC ${ROOM_SOURCES})
  add_library(lakh::${name} ALIAS ${target})
  set_target_properties(${target} PROPERTIES EXPORT_NAME ${name} POSITION_INDEPENDENT_CODE ON)
  target_link_libraries(${target} PUBLIC lakh_options ${ROOM_PUBLIC} PRIVATE $<BUILD_INTERFACE:lakh_private> ${ROOM_PRIVATE})
  lakh_precompiled(${target} lakh_pch)
  set_property(GLOBAL APPEND PROPERTY LAKH_ROOMS ${target})
  if(LAKH_TESTS AND ROOM_TESTS)
    add_executable(${target}_test ${ROOM_TESTS})
    target_link_libraries(${target}_test PRIVATE ${target} lakh_private ${ROOM_TEST_LINK} GTest::gmock GTest::gtest_main)
    lakh_precompiled(${target}_test lakh_test_pch)
    add_test(NAME unit_${name} COMMAND ${target}_test)
    set_tests_properties(unit_${name} PROPERTIES LABELS unit TIMEOUT 300)
  endif()
endfunction()
