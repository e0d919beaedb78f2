/// The version of the project, which both programs share. It is stored in each run (`RunCreated`), so that an
/// older flow can say which one wrote a run that it cannot read.
package enum Version {
  package static let current = "0.2.0"
}
