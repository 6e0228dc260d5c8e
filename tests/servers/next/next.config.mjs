export default { turbopack: { root: '/' } };
