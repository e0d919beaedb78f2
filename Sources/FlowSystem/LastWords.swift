import CLinux

/// What this process prints on standard error if it traps.
package enum LastWords {
  /// - Parameter words: with a line feed; the first 255 bytes are used.
  package static func set(_ words: String) {
    unsafe clinux_set_last_words(words)
  }
}
