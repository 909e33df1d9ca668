// What every test includes, compiled once for all programs of tests (cmake/LakhRoom.cmake).
#pragma once
#include "pch.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
