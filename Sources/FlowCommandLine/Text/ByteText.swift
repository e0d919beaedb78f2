/// Amounts of memory and of files, for people.
package enum ByteText {
  /// `512 B`, `12.5 KiB`, `3 MiB`; cut off after one decimal. A negative amount counts as none.
  package static func of(bytes: Int64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"]
    var unit = 0
    var whole = max(bytes, 0)
    var tenths: Int64 = 0
    while whole >= 1_024 && unit < units.count - 1 {
      tenths = whole % 1_024 * 10 / 1_024
      whole /= 1_024
      unit += 1
    }
    return "\(whole)\(tenths == 0 ? "" : ".\(tenths)") \(units[unit])"
  }

  package static func of(kibibytes: Int64) -> String {
    let (bytes, overflow) = kibibytes.multipliedReportingOverflow(by: 1_024)
    return of(bytes: overflow ? .max : bytes)
  }
}
