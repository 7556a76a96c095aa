/** See loginTexts in vite.config.ts. */
declare module '*.json?login' {
  const texts: import('../lib/i18n').Catalogue;
  export default texts;
}
