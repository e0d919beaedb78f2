#pragma once

/// Runs a launcher until its end (`launcher.h` has its decisions).
///
/// - environment: the environment that commands inherit.
__attribute__((noreturn)) void flow_launcher_run(char **environment);
