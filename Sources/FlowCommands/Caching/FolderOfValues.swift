import FlowPublication
import FlowStorage

/// Files of values, in a folder or in folders of it (`$FLOW_INPUTS`).
struct FolderOfValues<Files: PublicationFiles> {
  let disk: Disk<Files>

  /// By `STEP.NAME`, or by `NAME` in the folder itself; ordered.
  func all(in folder: String, as step: String = "") throws(StorageError) -> [(String, [UInt8])] {
    var values: [(String, [UInt8])] = []
    // One with a dot is on its way to its name.
    for name in try disk.names(in: folder) where name.utf8.first != UInt8(ascii: ".") {
      let place = try disk.realPath("\(folder)/\(name)")
      if try disk.status(of: place)?.kind == .folder {
        values += try all(in: place, as: step.isEmpty ? name : "\(step)/\(name)")
      } else {
        values.append((step.isEmpty ? name : "\(step).\(name)", try disk.read(place)))
      }
    }
    return values
  }
}
