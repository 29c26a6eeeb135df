// Signing in, signing up and signing out.
import type { UserProfile } from '@mattermost/types/users';
import { client, request } from '../../api/client';
import { dispatch } from '../../state/store';

/** Who is signed in by the browser's cookie; throws when nobody is. */
export async function resumeSession(): Promise<void> {
  dispatch({ kind: 'signed-in', user: await request(client.getMe()) });
}

export async function signIn(loginId: string, password: string): Promise<void> {
  dispatch({ kind: 'signed-in', user: await request(client.login(loginId, password)) });
}

export interface NewAccount {
  email: string;
  username: string;
  password: string;
}

/** Creates an account and signs in with it. The first account of a server becomes its administrator. */
export async function signUp(account: NewAccount): Promise<void> {
  // The official client's type asks for a whole profile; the server for these three.
  await request(client.createUser(account as unknown as UserProfile, '', ''));
  await signIn(account.username, account.password);
}

export async function signOut(): Promise<void> {
  try {
    await request(client.logout());
  } finally {
    // Whatever the server said: this screen shows nothing of the session any more.
    dispatch({ kind: 'signed-out' });
  }
}
