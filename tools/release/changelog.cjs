// How a changeset stands in CHANGELOG.md: as it was written. Neither commit hashes, nor a line for each package that only follows another.
module.exports = {
  getReleaseLine: ({ summary }) => Promise.resolve(summary.includes('\n') ? `\n${summary}` : `- ${summary}`),
  getDependencyReleaseLine: () => Promise.resolve(''),
};
