// Where this installation lives. The server writes its site URL's path into the page's <base>, so the client works below a sub-path unchanged.

/** Path of the site URL without a trailing slash: `""` at the root, `"/chat"` below a sub-path. */
export const basePath: string = new URL(document.baseURI).pathname.replace(/\/+$/, '');

/** Site URL without a trailing slash. */
export const siteUrl: string = window.location.origin + basePath;

/** Address of the WebSocket endpoint. */
export const webSocketUrl: string = `${siteUrl.replace(/^http/, 'ws')}/api/v4/websocket`;
