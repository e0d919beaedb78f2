#pragma once

/// What a launcher does from its first moment to its last (`launcher.h` has what it decides).
///
/// - environment: what is handed on to commands.
__attribute__((noreturn)) void flow_launcher_run(char **environment);
